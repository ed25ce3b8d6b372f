// The buttons that control a run.

import { post } from "../core/api.js";
import { say } from "../core/announce.js";
import { el } from "../core/dom.js";
import { go } from "../core/router.js";
import { session } from "../core/session.js";
import { ENDED } from "../core/states.js";
import { ask, labelled } from "./ask.js";

export class Controls {
  /** `onChanged` is called with what the server says after each order, `onProblem` with what it refuses. */
  constructor(executionId, { onChanged, onProblem }) {
    this.path = `/api/v1/executions/${encodeURIComponent(executionId)}`;
    this.onChanged = onChanged;
    this.onProblem = onProblem;
    const button = (text, key, click, style = "") => el("button", { type: "button", class: style, title: `${text} (${key})`, on: { click } }, text);
    this.cancelButton = button("Cancel", "c", () => this.cancel(), "danger");
    this.pauseButton = button("Pause", "p", () => this.pauseOrResume());
    this.signalButton = button("Send signal", "s", () => this.signal());
    this.rerunButton = button("Run again", "r", () => this.rerun());
    this.element = el("div", { class: "actions", role: "group", aria: { label: "Control of the run" } },
      this.pauseButton, this.signalButton, this.cancelButton, this.rerunButton);
    this.element.hidden = !session.writes;
    this.status = "pending";
  }

  /** Enable what can be done in this state; what can never be done again is gone. */
  show(status) {
    this.status = status;
    const ended = ENDED.has(status);
    this.pauseButton.textContent = status === "paused" ? "Resume" : "Pause";
    this.pauseButton.title = `${this.pauseButton.textContent} (p)`;
    const active = document.activeElement;
    this.cancelButton.disabled = ended;
    this.pauseButton.disabled = ended || status === "pending";
    this.signalButton.disabled = ended || status === "pending";
    for (const button of [this.cancelButton, this.pauseButton, this.signalButton]) button.hidden = ended;
    // A button that goes under the hand of its user would lose the focus to nowhere.
    if (ended && this.element.contains(active) && active.disabled) this.rerunButton.focus();
  }

  shortcuts() {
    if (!session.writes) return {};
    const when = (button, action) => () => { if (!button.disabled) action(); };
    return {
      c: ["Cancel the run", when(this.cancelButton, () => this.cancel())],
      p: ["Pause or resume the run", when(this.pauseButton, () => this.pauseOrResume())],
      s: ["Send a signal", when(this.signalButton, () => this.signal())],
      r: ["Run again", when(this.rerunButton, () => this.rerun())],
    };
  }

  async cancel() {
    const reason = el("input", { type: "text", autocomplete: "off" });
    const now = el("input", { type: "checkbox" });
    await ask({
      title: "Cancel this run?", text: "The runner stops it after the calls that are under way.", yes: "Cancel the run", danger: true,
      fields: [labelled("Reason", reason), el("label", { class: "check" }, now, "At once, without waiting for the runner")],
      onYes: () => this.order(now.checked ? "terminate" : "cancel", { reason: reason.value }, "Cancelling"),
    });
  }

  async pauseOrResume() {
    const name = this.status === "paused" ? "resume" : "pause";
    await this.orderOrTell(name, {}, name === "pause" ? "Pausing" : "Resuming");
  }

  async signal() {
    const name = el("input", { type: "text", autocomplete: "off", required: true });
    const payload = el("textarea", { rows: 5, value: "{}", spellcheck: false });
    await ask({
      title: "Send a signal", yes: "Send",
      fields: [labelled("Name", name, "As the workflow's listen task has it."), labelled("Data", payload, "A JSON object.")],
      onYes: async () => {
        let data;
        try {
          data = JSON.parse(payload.value || "{}");
        } catch (error) {
          throw new Error(`The data is no JSON: ${error.message}`);
        }
        await this.order("signal", { name: name.value, payload: data }, "Signal sent");
      },
    });
  }

  async rerun() {
    try {
      const started = await post(`${this.path}/rerun`);
      say("A new run has started");
      go(`/executions/${encodeURIComponent(started.execution_id)}`);
    } catch (problem) {
      this.onProblem(problem);
    }
  }

  async orderOrTell(name, body, told) {
    try {
      await this.order(name, body, told);
    } catch (problem) {
      this.onProblem(problem);
    }
  }

  async order(name, body, told) {
    const now = await post(`${this.path}/${name}`, body);
    say(told);
    this.onChanged(now);
  }
}
