// Tells people who do not look at the screen what happened.

let timer = 0;

/** Say it when there is time. The same text is said again only after another one. */
export function say(text) {
  clearTimeout(timer);
  // Later than the change of focus, which would cut it off.
  timer = setTimeout(() => { document.getElementById("status").textContent = text; }, 60);
}

/** Say it at once. */
export function warn(text) {
  document.getElementById("alert").textContent = text;
}
