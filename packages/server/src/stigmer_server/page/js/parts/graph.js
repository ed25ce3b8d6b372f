// The picture of a workflow, coloured by the state of its tasks. One stop for Tab; arrow keys go through the tasks.

import { el, setAria } from "../core/dom.js";
import { STATES } from "../core/states.js";

const NAMESPACE = "http://www.w3.org/2000/svg";
const STEP = 1.25;

export class Graph {
  /** `onChoose` is called with the reference of a task. */
  constructor(text, { label, onChoose }) {
    // The page's own style sheet has the same rules; its policy allows no others, not even while they are parsed.
    const bare = text.replace(/<style>[\s\S]*?<\/style>/g, "");
    const parsed = new DOMParser().parseFromString(bare, "image/svg+xml").documentElement;
    this.svg = document.importNode(parsed, true);
    this.svg.setAttribute("role", "group");
    this.svg.setAttribute("aria-label", `${label}. Use the arrow keys to go through the tasks.`);
    this.natural = Number(this.svg.getAttribute("width"));
    this.nodes = new Map();
    for (const node of this.svg.querySelectorAll("g.node[data-reference]")) this.nodes.set(node.dataset.reference, node);
    this.onChoose = onChoose;
    this.prepare();
    this.box = el("div", { class: "graph fit" }, this.svg);
    this.element = el("div", {}, el("div", { class: "head" }, el("h2", {}, "Graph"), this.buttons()), this.box);
  }

  prepare() {
    const list = [...this.nodes.values()];
    list.forEach((node, index) => {
      node.setAttribute("role", "button");
      node.setAttribute("tabindex", index === 0 ? "0" : "-1");
      // A tooltip is no name; what is spoken is set with every change.
      this.name(node, "");
      node.addEventListener("click", () => this.pick(node));
    });
    this.svg.addEventListener("keydown", (event) => this.onKey(event, list));
  }

  onKey(event, list) {
    const index = list.indexOf(event.target.closest("g.node"));
    const last = list.length - 1;
    const targets = { ArrowDown: index + 1, ArrowRight: index + 1, ArrowUp: index - 1, ArrowLeft: index - 1, Home: 0, End: last };
    if (event.key in targets) {
      event.preventDefault();
      this.focus(list[Math.min(last, Math.max(0, targets[event.key]))]);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.pick(list[index]);
    }
  }

  focus(node) {
    for (const other of this.nodes.values()) other.setAttribute("tabindex", other === node ? "0" : "-1");
    node.focus();
    node.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  pick(node) {
    this.choose(node.dataset.reference);
    this.onChoose(node.dataset.reference);
  }

  /** Mark the box of a task. */
  choose(reference) {
    for (const [own, node] of this.nodes) {
      node.classList.toggle("chosen", own === reference);
      setAria(node, "pressed", own === reference);
    }
  }

  /** Where the document has the task of a reference, or what is around it; empty when nothing is. */
  pointerOf(reference) {
    for (let where = reference; where; where = where.slice(0, where.lastIndexOf("/"))) {
      const node = this.nodes.get(where);
      if (node) return node.dataset.pointer;
    }
    return "";
  }

  /** Colour the tasks: reference to state, with the number of runs when there were several. */
  colour(states) {
    for (const [reference, node] of this.nodes) {
      const { status = "", runs = 1 } = states.get(reference) ?? {};
      const told = `${status} ${runs}`;
      if (node.dataset.told === told) continue;
      node.dataset.told = told;
      node.dataset.status = status;
      for (const name of [...node.classList]) if (name.startsWith("state-")) node.classList.remove(name);
      if (status) node.classList.add(`state-${status}`);
      this.mark(node, status, runs);
      this.name(node, status, runs);
    }
  }

  mark(node, status, runs) {
    for (const old of node.querySelectorAll(".mark")) old.remove();
    if (!status) return;
    const shape = node.querySelector(".shape");
    const right = Number(shape.getAttribute("x")) + Number(shape.getAttribute("width"));
    const top = Number(shape.getAttribute("y"));
    const put = (text, x, y) => {
      const element = document.createElementNS(NAMESPACE, "text");
      for (const [name, value] of Object.entries({ class: "mark", "text-anchor": "end", x, y })) element.setAttribute(name, value);
      element.textContent = text;
      node.append(element);
    };
    // The sign fits into the margin beside the name, which a count would cover.
    put(STATES[status].sign, right - 3, top + 13);
    if (runs > 1) put(`${runs}×`, right, top - 4);
  }

  name(node, status, runs = 1) {
    const title = node.querySelector("title")?.textContent.split("\n")[0] ?? node.dataset.reference;
    const times = runs > 1 ? `, ${runs} runs` : "";
    node.setAttribute("aria-label", status ? `${title}, ${STATES[status].name}${times}` : title);
  }

  buttons() {
    const zoom = (factor) => () => {
      const width = this.svg.getBoundingClientRect().width * factor;
      this.box.classList.remove("fit");
      this.svg.setAttribute("width", Math.min(4 * this.natural, Math.max(80, width)));
    };
    const fit = () => {
      this.box.classList.add("fit");
      this.svg.setAttribute("width", this.natural);
    };
    const button = (text, label, click) => el("button", { type: "button", aria: { label }, title: label, on: { click } }, text);
    return el("div", { class: "actions", role: "group", aria: { label: "Size of the graph" } },
      button("−", "Smaller", zoom(1 / STEP)), button("+", "Larger", zoom(STEP)), button("Fit", "Fit to the width", fit));
  }
}
