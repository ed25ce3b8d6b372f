// A dialog with a short form. Closing gives the focus back.

import { el, freshId } from "../core/dom.js";

/**
 * Ask something. `fields` are elements; `onYes` does it and may throw a Problem, which is shown in the dialog.
 * Resolves when the dialog has closed.
 */
export function ask({ title, text, fields = [], yes, danger = false, onYes }) {
  return new Promise((resolve) => {
    const id = freshId("ask");
    const problem = el("p", { class: "note bad", role: "alert" });
    problem.hidden = true;
    const go = el("button", { type: "submit", class: danger ? "danger" : "primary" }, yes);
    const no = el("button", { type: "button", on: { click: () => dialog.close() } }, "Back");
    const form = el("form", { noValidate: true }, fields, problem, el("div", { class: "actions" }, go, no));
    const dialog = el("dialog", { class: "card", aria: { labelledby: id } }, el("h2", { id }, title), text ? el("p", {}, text) : null, form);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      go.disabled = true;
      try {
        await onYes();
        dialog.close();
      } catch (error) {
        problem.textContent = error.message;
        problem.hidden = false;
      } finally {
        go.disabled = false;
      }
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** A labelled input for `ask`. */
export function labelled(label, input, about = "") {
  input.id = freshId("input");
  return el("div", { class: "field" }, el("label", { for: input.id }, label), about ? el("p", { class: "about" }, about) : null, input);
}
