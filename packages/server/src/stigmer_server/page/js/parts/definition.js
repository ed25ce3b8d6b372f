// The document of a workflow with numbered lines; the line of a task can be shown.

import { el } from "../core/dom.js";

export class Definition {
  constructor({ yaml, lines }) {
    this.places = lines;
    this.lines = yaml.replace(/\n$/, "").split("\n").map((text) => el("span", { class: "line" }, text || " "));
    this.element = el("pre", { class: "definition", tabIndex: 0, aria: { label: "Definition" }, role: "region" }, this.lines);
    this.chosen = null;
  }

  /** The line (from 1) of a JSON pointer, or of the nearest part around it; 0 when there is none. */
  lineOf(pointer) {
    for (let where = pointer; where; where = where.slice(0, where.lastIndexOf("/"))) {
      if (this.places[where]) return this.places[where];
    }
    return 0;
  }

  /** Mark the line of a pointer and bring it into view. */
  choose(pointer) {
    this.chosen?.classList.remove("chosen");
    this.chosen = this.lines[this.lineOf(pointer) - 1] ?? null;
    if (!this.chosen) return;
    this.chosen.classList.add("chosen");
    if (this.element.isConnected) this.reveal();
    else requestAnimationFrame(() => this.reveal()); // nothing has a place before it is part of the page
  }

  reveal() {
    const { element, chosen } = this;
    element.scrollTop = Math.max(0, chosen.offsetTop - element.offsetTop - element.clientHeight / 2);
  }
}
