// Light, dark, or like the system.

import { say } from "./announce.js";

const NAME = "stigmer-theme";
const ORDER = ["system", "light", "dark"];
const SIGNS = { system: "◐", light: "☀", dark: "☾" };

export function startTheme(button) {
  show(button, localStorage.getItem(NAME) ?? "system");
  button.addEventListener("click", () => {
    const next = ORDER[(ORDER.indexOf(localStorage.getItem(NAME) ?? "system") + 1) % ORDER.length];
    localStorage.setItem(NAME, next);
    show(button, next);
    say(`Theme: ${next === "system" ? "like the system" : next}`);
  });
}

function show(button, theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  button.textContent = SIGNS[theme] ?? SIGNS.system;
  const name = `Theme: ${theme === "system" ? "like the system" : theme}`;
  button.setAttribute("aria-label", name);
  button.title = `${name} (t)`;
}
