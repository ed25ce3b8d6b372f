// A JSON value that can be opened level by level. What the runner cut is shown as cut.

import { el } from "../core/dom.js";
import { say } from "../core/announce.js";

const OPEN_LEVELS = 2;
const MOST_MEMBERS = 200;
const LONGEST_TEXT = 2000;
// Characters that nobody sees, or that turn the text around them; joiners within emoji and scripts are left.
const UNSEEN = /[\u007f-\u009f\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** A value with a heading and a button to copy it. */
export function valueSection(title, value) {
  if (value === null || value === undefined) return null;
  const copy = el("button", { type: "button", aria: { label: `Copy ${title.toLowerCase()} as JSON` } }, "Copy");
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(JSON.stringify(value, null, 2));
    say(`${title} copied`);
  });
  return el("section", { class: "values" }, el("h3", {}, title, navigator.clipboard ? copy : null), jsonView(value, title));
}

export function jsonView(value, label) {
  return el("div", { class: "json", tabIndex: 0, role: "region", aria: { label: `${label} as JSON` } }, node(value, null, 0));
}

/** Whether the runner left a value out because it was too large to be told. */
export function isTruncated(value) {
  return value !== null && typeof value === "object" && value.truncated === true && typeof value.limit === "number"
    && Object.keys(value).length === 2;
}

function node(value, key, level) {
  const name = key === null ? null : el("span", { class: "key" }, `${key}: `);
  if (isTruncated(value)) {
    return el("div", { class: "leaf" }, name, el("span", { class: "cut" }, `left out: larger than ${value.limit.toLocaleString()} bytes`));
  }
  if (value === null || typeof value !== "object") return el("div", { class: "leaf" }, name, leaf(value));
  const list = Array.isArray(value);
  const entries = Object.entries(value);
  if (!entries.length) return el("div", { class: "leaf" }, name, list ? "[]" : "{}");
  const size = `${list ? "[" : "{"} ${entries.length} ${list ? "]" : "}"}`;
  const details = el("details", { open: level < OPEN_LEVELS }, el("summary", {}, name, el("span", { class: "muted" }, size)));
  let made = false;
  const make = () => {
    if (made || !details.open) return;
    made = true;
    for (const [inner, item] of entries.slice(0, MOST_MEMBERS)) details.append(node(item, inner, level + 1));
    if (entries.length > MOST_MEMBERS) {
      details.append(el("div", { class: "cut" }, `… and ${entries.length - MOST_MEMBERS} more; copy to see all`));
    }
  };
  // Only what is open is built: an output may hold thousands of values.
  details.addEventListener("toggle", make);
  make();
  return details;
}

function leaf(value) {
  if (typeof value !== "string") return el("span", { class: typeof value === "number" ? "number" : "word" }, String(value));
  const shown = value.length > LONGEST_TEXT ? value.slice(0, LONGEST_TEXT) : value;
  const cut = value.length > shown.length ? el("span", { class: "cut" }, ` … ${value.length - shown.length} more characters`) : null;
  return el("span", {}, el("span", { class: "text" }, JSON.stringify(shown).replace(UNSEEN, escaped)), cut);
}

/** JSON's own way to write a character. */
function escaped(character) {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
