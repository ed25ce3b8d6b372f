// Keys for those who know them, and a list of them for those who do not.

import { el } from "./dom.js";

const OFF = "stigmer-shortcuts-off";
const everywhere = new Map();
let here = new Map();
let before = "";

/** Keys that work on every view: `{"g w": ["Go to workflows", action]}`. */
export function register(keys) {
  for (const [key, entry] of Object.entries(keys)) everywhere.set(key, entry);
}

/** Keys of the present view, in place of those of the last one. */
export function registerHere(keys) {
  here = new Map(Object.entries(keys));
}

export function startShortcuts() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !event.key) return;
    if (event.target.closest("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]")) return;
    if (localStorage.getItem(OFF) && event.key !== "?") return;
    const pressed = before ? `${before} ${event.key}` : event.key;
    before = "";
    const entry = here.get(pressed) ?? everywhere.get(pressed);
    if (entry) {
      event.preventDefault();
      entry[1]();
    } else if (event.key === "g") {
      before = "g";
      setTimeout(() => { before = ""; }, 1500);
    }
  });
}

/** Show what can be pressed. Closing gives the focus back to where it was. */
export function showHelp() {
  const list = (keys) => el("dl", { class: "keys" }, [...keys].map(([key, [what]]) => [
    el("dt", {}, key.split(" ").map((one) => [el("kbd", {}, one), " "])), el("dd", {}, what),
  ]));
  const off = el("input", { type: "checkbox", checked: !localStorage.getItem(OFF) });
  off.addEventListener("change", () => {
    if (off.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "yes");
  });
  const dialog = el("dialog", { class: "card", aria: { labelledby: "help-title" } },
    el("h2", { id: "help-title" }, "Help"),
    el("p", {}, "Tab and Shift+Tab go through the page; arrow keys go through the tasks of a graph."),
    here.size ? [el("h3", {}, "Here"), list(here)] : null,
    el("h3", {}, "Everywhere"), list(everywhere),
    el("label", { class: "check" }, off, " Shortcuts with single keys"),
    el("form", { method: "dialog" }, el("button", { class: "primary" }, "Close")));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
