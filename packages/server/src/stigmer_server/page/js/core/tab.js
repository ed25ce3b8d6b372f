// Title and icon of the browser's tab: they tell how a run is when the page is not seen.

import { STATES } from "./states.js";

/** Show what the page is about; with a state also how it is. */
export function showInTab(title, status = "") {
  const state = STATES[status];
  document.title = state ? `${state.sign} ${title} · ${state.name} · Stigmer` : `${title} · Stigmer`;
  document.getElementById("icon").href = state ? iconOf(state) : "/page/icon.svg";
}

function iconOf(state) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="15" fill="${state.colour}"/>`
    + `<path d="${state.path}" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
