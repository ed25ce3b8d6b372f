// The state of a run or a task as a coloured word with a sign.

import { el } from "../core/dom.js";
import { STATES } from "../core/states.js";

export function badge(status) {
  const state = STATES[status] ?? STATES.pending;
  return el("span", { class: `badge ${status}` }, el("span", { aria: { hidden: "true" } }, state.sign), state.name);
}
