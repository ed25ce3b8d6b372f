// Asks for the API key.

import { el, fill } from "../core/dom.js";
import { showInTab } from "../core/tab.js";
import { problemNote } from "../parts/note.js";

export function loginView(main, signIn) {
  showInTab("Sign in");
  const key = el("input", { type: "password", id: "key", autocomplete: "off", required: true, spellcheck: false });
  const told = el("div");
  const go = el("button", { class: "primary", type: "submit" }, "Sign in");
  const form = el("form", { class: "card login" },
    el("h1", {}, "Sign in"),
    el("p", {}, "This server asks for an API key. It stays in this tab until you close it."),
    told,
    el("div", { class: "field" }, el("label", { for: "key" }, "API key"),
      el("p", { class: "about" }, "After ", el("code", {}, "stigmer dev"), " it is in ", el("code", {}, ".stigmer/credentials"), "."), key),
    go);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    try {
      await signIn(key.value.trim());
    } catch (problem) {
      fill(told, problemNote(problem));
      key.focus();
    } finally {
      go.disabled = false;
    }
  });
  fill(main, form);
  key.focus();
}
