// A list that comes in pages. What has not changed keeps its elements, so that the focus stays where it is.

import { el, fill } from "../core/dom.js";

export class PagedList {
  /** `row` makes the link of an entry, `keyOf` names it, `onPage` is called with the number of another page. */
  constructor({ label, row, keyOf, empty, onPage }) {
    Object.assign(this, { row, keyOf, onPage });
    this.known = new Map();
    this.list = el("ul", { class: "list", aria: { label } });
    this.empty = el("div", { class: "empty" }, empty);
    this.where = el("span", {});
    this.previous = el("button", { type: "button", on: { click: () => onPage(this.page - 1) } }, "← Newer");
    this.next = el("button", { type: "button", on: { click: () => onPage(this.page + 1) } }, "Older →");
    this.pager = el("nav", { class: "pager", aria: { label: `Pages of ${label.toLowerCase()}` } }, this.previous, this.where, this.next);
    this.element = el("div", { class: "card" }, this.list, this.empty, this.pager);
  }

  show({ entries, total, total_pages: pages, page }) {
    this.page = page;
    const items = entries.map((entry) => this.item(entry));
    const same = items.length === this.list.children.length && items.every((item, index) => item === this.list.children[index]);
    if (!same) fill(this.list, items);
    for (const key of [...this.known.keys()]) if (!entries.some((entry) => this.keyOf(entry) === key)) this.known.delete(key);
    this.empty.hidden = entries.length > 0;
    this.pager.hidden = pages <= 1;
    this.where.textContent = `Page ${page + 1} of ${Math.max(pages, 1)} · ${total} in all`;
    this.previous.disabled = page === 0;
    this.next.disabled = page + 1 >= pages;
  }

  item(entry) {
    const key = this.keyOf(entry);
    const text = JSON.stringify(entry);
    let known = this.known.get(key);
    if (!known) {
      known = { element: el("li"), text: "" };
      this.known.set(key, known);
    }
    if (known.text !== text) {
      const focused = known.element.contains(document.activeElement);
      fill(known.element, this.row(entry));
      known.text = text;
      if (focused) known.element.querySelector("a")?.focus();
    }
    return known.element;
  }
}
