// One bar for each attempt of each task, along the time of the run.

import { el, setAria } from "../core/dom.js";
import { STATES } from "../core/states.js";
import { duration } from "../core/times.js";

const MOST_ROWS = 300;
const MOST_BARS = 60;
const DEEPEST = 4;

export class Timeline {
  /** `onChoose` is called with the reference of a task. */
  constructor({ onChoose }) {
    this.onChoose = onChoose;
    this.rows = new Map();
    this.list = el("ol", { class: "timeline", aria: { label: "Timeline" } });
    this.more = el("p", { class: "muted" });
    this.more.hidden = true;
    this.element = el("div", {}, this.more, this.list);
  }

  /** Show the tasks of a run; bars of tasks that run end at `now` (Unix milliseconds). */
  show(run, now) {
    const start = run.startedAt ?? now;
    const end = Math.max(run.endedAt ?? now, start + 1);
    const tasks = [...run.tasks.values()];
    // The newest, among which are those that run now.
    for (const task of tasks.slice(0, -MOST_ROWS)) this.drop(task.reference);
    for (const task of tasks.slice(-MOST_ROWS)) this.row(task).update(task, start, end, run.endedAt ?? now);
    this.more.hidden = tasks.length <= MOST_ROWS;
    this.more.textContent = `… ${tasks.length - MOST_ROWS} tasks before`;
  }

  drop(reference) {
    this.rows.get(reference)?.button.parentElement.remove();
    this.rows.delete(reference);
  }

  choose(reference) {
    for (const [own, row] of this.rows) setAria(row.button, "pressed", own === reference);
  }

  row(task) {
    let row = this.rows.get(task.reference);
    if (!row) {
      row = new Row(task, () => this.onChoose(task.reference));
      this.rows.set(task.reference, row);
      this.list.append(el("li", {}, row.button));
    }
    return row;
  }
}

/** How many tasks a task is within. */
function depth(reference) {
  return [...reference.matchAll(/\/(?:do|branches|try)\/\d+(?=\/)/g)].length - 1;
}

class Row {
  constructor(task, choose) {
    this.track = el("span", { class: "track", aria: { hidden: "true" } });
    this.took = el("span", { class: "took" });
    this.state = el("span", { aria: { hidden: "true" } });
    this.spoken = el("span", { class: "visually-hidden" });
    const name = el("span", { class: "name", title: `${task.name}\n${task.reference}` }, this.state, ` ${task.name}`, this.spoken);
    name.style.paddingInlineStart = `${Math.min(depth(task.reference), DEEPEST)}rem`;
    this.button = el("button", { type: "button", aria: { pressed: "false" }, data: { reference: task.reference }, on: { click: choose } },
      name, this.track, this.took);
    this.bars = [];
  }

  update(task, start, end, now) {
    const state = STATES[task.status] ?? STATES.pending;
    this.state.textContent = state.sign;
    const attempts = task.attempts.length > 1 ? `, ${task.attempts.length} attempts` : "";
    this.spoken.textContent = `, ${state.name}${attempts}`;
    const shown = task.attempts.slice(-MOST_BARS);
    const last = task.attempts.at(-1);
    this.took.textContent = last ? duration((last.endedAt ?? now) - last.startedAt) : "";
    shown.forEach((attempt, index) => this.bar(index, attempt, start, end, now));
    while (this.bars.length > shown.length) this.bars.pop().remove();
  }

  bar(index, attempt, start, end, now) {
    if (!this.bars[index]) {
      this.bars[index] = el("span", { class: "bar" });
      this.track.append(this.bars[index]);
    }
    const bar = this.bars[index];
    const from = (100 * (attempt.startedAt - start)) / (end - start);
    const width = (100 * ((attempt.endedAt ?? now) - attempt.startedAt)) / (end - start);
    bar.className = `bar ${attempt.status}`;
    bar.style.left = `${Math.min(99.5, Math.max(0, from))}%`;
    bar.style.width = `${Math.min(100 - Math.max(0, from), Math.max(0.5, width))}%`;
    bar.title = `attempt ${attempt.number}: ${attempt.status}`;
  }
}
