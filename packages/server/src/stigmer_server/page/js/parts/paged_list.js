// A list that comes in pages. What has not changed keeps its elements, so that the focus stays where it is.

import { el, fill } from "../core/dom.js";

export class PagedList {
  /**
   * `row` makes the link of an entry, `keyOf` names it, `onPage` is called with the number of another page. `empty` is
   * shown when there is nothing at all, `unmatched` when filters leave nothing.
   */
  constructor({ label, row, keyOf, empty, unmatched = empty, onPage }) {
    Object.assign(this, { row, keyOf, onPage });
    this.known = new Map();
    this.list = el("ul", { class: "list", aria: { label } });
    this.empty = el("div", { class: "empty" }, empty);
    this.unmatched = el("div", { class: "empty" }, unmatched);
    this.where = el("span", {});
    this.previous = el("button", { type: "button", on: { click: () => onPage(this.page - 1) } }, "← Newer");
    this.next = el("button", { type: "button", on: { click: () => onPage(this.page + 1) } }, "Older →");
    this.pager = el("nav", { class: "pager", aria: { label: `Pages of ${label.toLowerCase()}` } }, this.previous, this.where, this.next);
    this.element = el("div", { class: "card listing" }, this.list, this.empty, this.unmatched, this.pager);
    this.element.hidden = true;
  }

  /** Show a page of the server; `filtered` says whether there may be more without filters. */
  show({ entries, total, total_pages: pages, page }, { filtered = false } = {}) {
    this.element.hidden = false;
    this.page = page;
    const items = entries.map((entry) => this.item(entry));
    const same = items.length === this.list.children.length && items.every((item, index) => item === this.list.children[index]);
    if (!same) fill(this.list, items);
    for (const key of [...this.known.keys()]) if (!entries.some((entry) => this.keyOf(entry) === key)) this.known.delete(key);
    this.empty.hidden = entries.length > 0 || filtered;
    this.unmatched.hidden = entries.length > 0 || !filtered;
    this.pager.hidden = pages <= 1;
    this.where.textContent = `Page ${page + 1} of ${Math.max(pages, 1)} · ${total} in all`;
    this.previous.disabled = page === 0;
    this.next.disabled = page + 1 >= pages;
  }

  item(entry) {
    const key = this.keyOf(entry);
    if (!this.known.has(key)) this.known.set(key, el("li"));
    const item = this.known.get(key);
    // Compared as it is shown: "2 min ago" changes although the entry does not.
    const row = this.row(entry);
    if (!item.firstChild?.isEqualNode(row)) {
      const focused = item.contains(document.activeElement);
      fill(item, row);
      if (focused) row.focus();
    }
    return item;
  }
}

/** What is shown when filters leave nothing, with a way out. */
export function unmatched(text, onClear) {
  return [el("p", {}, text), el("button", { type: "button", on: { click: onClear } }, "Clear filters")];
}
