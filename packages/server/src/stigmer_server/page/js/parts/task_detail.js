// What is known of one task of a run.

import { el, fill } from "../core/dom.js";
import { duration, moment } from "../core/times.js";
import { badge } from "./badge.js";
import { valueSection } from "./json_view.js";

const MOST_ATTEMPTS = 20;

export class TaskDetail {
  constructor() {
    this.body = el("div", {}, el("p", { class: "muted" }, "Choose a task in the graph or the timeline."));
    this.element = el("section", { class: "card", aria: { label: "Task" } }, el("h2", {}, "Task"), this.body);
    this.key = "";
  }

  /** Show a task; `task` is null when it has not run, `pointer` empty when none is chosen. */
  show(task, pointer) {
    const key = task ? JSON.stringify(task) : pointer;
    if (key === this.key) return;
    this.key = key;
    if (!task) return pointer ? fill(this.body, el("p", {}, el("code", {}, pointer)), el("p", { class: "muted" }, "It has not run yet.")) : undefined;
    const shown = task.attempts.slice(-MOST_ATTEMPTS);
    fill(this.body,
      el("p", {}, el("strong", {}, task.name), " ", badge(task.status)),
      el("dl", { class: "facts" }, el("dt", {}, "Where"), el("dd", { class: "mono" }, task.reference),
        el("dt", {}, "Runs"), el("dd", {}, task.runs), el("dt", {}, "Attempts"), el("dd", {}, task.attempts.length)),
      task.error ? el("div", { class: "note bad" }, el("strong", {}, task.error.message || task.error.type || "It failed."), task.error.type ? el("div", { class: "mono" }, task.error.type) : null) : null,
      el("details", { open: shown.length > 1 }, el("summary", {}, "Times"),
        el("ol", {}, shown.map((attempt) => el("li", {},
          `${moment(attempt.startedAt)} · ${attempt.endedAt ? `${duration(attempt.endedAt - attempt.startedAt)} · ` : ""}${attempt.status}`,
          attempt.error?.message ? ` · ${attempt.error.message}` : "")))),
      valueSection("Input", task.input), valueSection("Output", task.output));
  }
}
