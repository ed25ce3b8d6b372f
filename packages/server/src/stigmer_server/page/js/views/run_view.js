// One run, as it happens.

import { get } from "../core/api.js";
import { say } from "../core/announce.js";
import { el, fill } from "../core/dom.js";
import { follow } from "../core/events.js";
import { registerHere } from "../core/shortcuts.js";
import { ENDED, STATES } from "../core/states.js";
import { showInTab } from "../core/tab.js";
import { duration, moment } from "../core/times.js";
import { badge } from "../parts/badge.js";
import { Controls } from "../parts/controls.js";
import { Definition } from "../parts/definition.js";
import { Graph } from "../parts/graph.js";
import { valueSection } from "../parts/json_view.js";
import { problemNote } from "../parts/note.js";
import { apply, newRun, progressOf } from "../parts/run_state.js";
import { TaskDetail } from "../parts/task_detail.js";
import { Timeline } from "../parts/timeline.js";

export async function runView(page, { parameters }) {
  const status = await get(`/api/v1/executions/${encodeURIComponent(parameters.id)}`);
  const parts = await pictureOf(status.workflow_id);
  const view = new RunView(page, status, parts);
  return view.start();
}

function link(part, id, text = "") {
  return el("a", { href: `#/${part}/${encodeURIComponent(id)}` }, text || id);
}

/** The graph and the document of a workflow; null for one that is deleted. */
async function pictureOf(workflowId) {
  const path = `/api/v1/workflows/${encodeURIComponent(workflowId)}`;
  try {
    const [picture, document] = await Promise.all([get(`${path}/graph`), get(`${path}/document?format=json`)]);
    return { picture, document };
  } catch (problem) {
    if (problem.status === 404) return null;
    throw problem;
  }
}

class RunView {
  constructor(page, status, parts) {
    this.status = status;
    this.run = newRun();
    this.run.status = status.status;
    this.chosen = "";
    this.changed = false;
    this.total = 0;
    this.note = el("div");
    this.error = el("div");
    this.values = el("div");
    this.badge = el("span", {}, badge(status.status));
    this.bar = el("div");
    this.progress = el("div", { class: "progress", role: "progressbar", aria: { label: "Progress", valuemin: 0, valuemax: 100 } }, this.bar);
    this.link = el("span", { class: "link-state" }, "connecting");
    this.facts = el("dl", { class: "facts" });
    this.controls = new Controls(status.execution_id, {
      onChanged: (now) => { this.status = now; this.redraw(); },
      onProblem: (problem) => fill(this.note, problemNote(problem)),
    });
    this.timeline = new Timeline({ onChoose: (reference) => this.choose(reference) });
    this.detail = new TaskDetail();
    const choose = (pointer) => this.choose(pointer);
    if (parts) {
      this.definition = new Definition(parts.document);
      this.graph = new Graph(parts.picture, { label: `Control flow of ${status.workflow_name}`, onChoose: choose });
      this.total = Object.keys(parts.document.lines).filter((pointer) => pointer.split("/").length === 4).length;
    }
    this.build(page);
  }

  build(page) {
    const { status } = this;
    fill(page,
      el("div", { class: "head" }, el("h1", {}, status.workflow_name || status.execution_id), this.badge, this.link, this.controls.element),
      this.progress, this.note, this.error,
      el("div", { class: "run" },
        el("div", {},
          el("section", { class: "card" }, this.graph?.element ?? [el("h2", {}, "Graph"), el("p", { class: "muted" }, status.workflow_id ? "The workflow is deleted." : "The document of a sub-workflow is not kept here.")]),
          el("section", { class: "card" }, el("h2", {}, "Timeline"), this.timeline.element)),
        el("div", {},
          el("section", { class: "card" }, el("h2", {}, "Run"), this.facts, this.values),
          this.detail.element,
          this.definition ? el("section", { class: "card" }, el("h2", {}, "Definition"), this.definition.element) : null)));
  }

  start() {
    registerHere({ ...this.controls.shortcuts(), x: ["Go to the task that failed", () => this.choose(this.run.failedAt)] });
    this.redraw();
    const close = follow(this.status.execution_id, {
      onEvents: (events) => this.take(events),
      onState: (state, more) => this.showLink(state, more),
    });
    // Bars of tasks that run grow with the time.
    const clock = setInterval(() => { if (!ENDED.has(this.run.status)) this.redraw(); }, 1000);
    return () => {
      close();
      clearInterval(clock);
    };
  }

  take(events) {
    const before = this.run.status;
    for (const event of events) apply(this.run, event);
    if (this.run.status !== before) say(`The run is ${STATES[this.run.status].name}`);
    if (!this.changed) {
      this.changed = true;
      // Not requestAnimationFrame: title and icon must change in a tab that is not seen.
      // The more there is to draw, the less often.
      setTimeout(() => { this.changed = false; this.redraw(); }, Math.min(500, 50 + this.run.tasks.size));
    }
  }

  showLink(state, more) {
    const texts = { connecting: "connecting", live: "live", waiting: `reconnecting in ${more} s`, ended: "ended", refused: "no events" };
    this.link.className = `link-state ${state}`;
    this.link.textContent = texts[state];
    this.link.hidden = state === "ended";
    if (state === "refused") fill(this.note, problemNote(more));
    if (state === "ended") this.readAgain();
  }

  /** The server may know an end that no event told: a runner that reports statuses only. */
  async readAgain() {
    try {
      this.status = await get(`/api/v1/executions/${encodeURIComponent(this.status.execution_id)}`);
      this.redraw();
    } catch {
      // What the events told is shown.
    }
  }

  redraw() {
    const { run, status } = this;
    // The server's word on the state is only newer when it has seen events that have not come here yet.
    if (status.sequence_number >= run.last) run.status = status.status;
    const state = run.status;
    const name = status.workflow_name || status.execution_id;
    showInTab(name, state);
    if (this.badge.dataset.status !== state) {
      this.badge.dataset.status = state;
      fill(this.badge, badge(state));
      this.controls.show(state);
    }
    const percent = progressOf(run, this.total);
    this.bar.style.width = `${percent}%`;
    this.progress.className = `progress ${state}`;
    this.progress.setAttribute("aria-valuenow", String(percent));
    this.graph?.colour(run.tasks);
    this.timeline.show(run, Date.now());
    this.showFacts();
    this.showError();
    this.showValues();
    this.detail.show(run.tasks.get(this.chosen) ?? null, this.chosen);
  }

  showFacts() {
    const { run, status } = this;
    const started = run.startedAt ?? (status.started_at ? Date.parse(status.started_at) : null);
    const ended = run.endedAt ?? (status.completed_at ? Date.parse(status.completed_at) : null);
    const entries = [
      ["Id", el("span", { class: "mono" }, status.execution_id)],
      ["Workflow", status.workflow_id ? link("workflows", status.workflow_id, status.workflow_name) : ""],
      ["Part of", status.parent_execution_id ? link("executions", status.parent_execution_id) : ""],
      ["Started", moment(started)],
      ["Took", started ? duration((ended ?? Date.now()) - started) : "–"],
      ["Events", String(run.last)],
      ["Tags", status.tags.length ? el("span", {}, status.tags.map((tag) => el("span", { class: "tag" }, tag))) : ""],
      // How it completed or failed is told elsewhere.
      ["Message", ["completed", "failed"].includes(run.status) ? "" : run.message || status.message],
    ];
    const text = entries.map(([, value]) => value.textContent ?? value).join("|");
    if (this.facts.dataset.text === text) return;
    this.facts.dataset.text = text;
    fill(this.facts, entries.filter(([, value]) => value).map(([label, value]) => [el("dt", {}, label), el("dd", {}, value)]));
  }

  showError() {
    const error = this.run.status === "failed" ? this.run.error ?? this.status.error : null;
    const key = error ? `${error.message} ${error.instance} ${this.run.failedAt}` : "";
    if (this.error.dataset.key === key) return;
    this.error.dataset.key = key;
    if (!error) return fill(this.error);
    const pointer = error.instance || this.run.failedAt;
    fill(this.error, el("div", { class: "note bad" },
      el("strong", {}, error.message || "The run failed."),
      el("dl", { class: "facts" },
        error.type ? [el("dt", {}, "Type"), el("dd", { class: "mono" }, error.type)] : null,
        error.status ? [el("dt", {}, "Status"), el("dd", {}, error.status)] : null,
        pointer ? [el("dt", {}, "Where"), el("dd", {}, el("button", { type: "button", class: "plain mono", on: { click: () => this.choose(pointer) } }, pointer))] : null),
      error.stack_trace ? el("details", {}, el("summary", {}, "Stack trace"), el("pre", {}, error.stack_trace)) : null));
    if (pointer && !this.chosen) this.choose(pointer);
  }

  showValues() {
    const output = this.run.output ?? this.status.output;
    const key = JSON.stringify([this.status.input, output]);
    if (this.valuesKey === key) return;
    this.valuesKey = key;
    fill(this.values, valueSection("Input", this.status.input), valueSection("Output", output));
  }

  /** Show the task at a pointer, or around it, everywhere. */
  choose(pointer) {
    if (!pointer) return;
    let where = pointer;
    while (where && !this.run.tasks.has(where) && !this.graph?.nodes.has(where)) where = where.slice(0, where.lastIndexOf("/"));
    this.chosen = where || pointer;
    this.graph?.choose(this.chosen);
    this.timeline.choose(this.chosen);
    this.definition?.choose(this.graph.pointerOf(pointer));
    this.detail.show(this.run.tasks.get(this.chosen) ?? null, this.chosen);
    const task = this.run.tasks.get(this.chosen);
    say(task ? `${task.name}, ${STATES[task.status].name}` : `${this.chosen}, not run yet`);
  }
}
