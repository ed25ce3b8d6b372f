// The list of runs, with filters kept in the address.

import { get, withQuery } from "../core/api.js";
import { el, fill } from "../core/dom.js";
import { setQuery } from "../core/router.js";
import { session } from "../core/session.js";
import { showInTab } from "../core/tab.js";
import { ago, duration, moment } from "../core/times.js";
import { badge } from "../parts/badge.js";
import { problemNote } from "../parts/note.js";
import { PagedList, unmatched } from "../parts/paged_list.js";
import { refreshing } from "./refreshing.js";

const PHASES = ["pending", "running", "paused", "completed", "failed", "cancelled"];

export async function executionsView(page, { query }) {
  showInTab("Runs");
  const workflows = await get("/api/v1/workflows?size=100");
  const text = el("input", { type: "search", value: query.get("text") ?? "", autocomplete: "off" });
  const phase = el("select", {}, el("option", { value: "" }, "All"), PHASES.map((name) => el("option", { value: name }, name)));
  const tag = el("input", { type: "text", value: query.get("tag") ?? "", autocomplete: "off" });
  const workflow = el("select", {}, el("option", { value: "" }, "All"), workflows.entries.map((one) => el("option", { value: one.metadata.id }, one.metadata.name)));
  phase.value = query.get("phase") ?? "";
  workflow.value = query.get("workflow") ?? "";
  const inputs = [text, phase, tag, workflow];
  let number = Number(query.get("page") ?? 0) || 0;
  const told = el("div");
  const list = new PagedList({
    label: "Runs", keyOf: (run) => run.execution_id, row,
    empty: el("p", {}, "No runs here. ", !session.writes ? null : workflows.total ? el("a", { href: "#/workflows" }, "Start one from a workflow.") : el("a", { href: "#/workflows/new" }, "Register a workflow first.")),
    unmatched: unmatched("No run fits these filters.", () => {
      for (const input of inputs) input.value = "";
      number = 0;
      text.focus();
      read();
    }),
    onPage: (wanted) => { number = wanted; read(); },
  });

  let asked = 0;
  const read = async () => {
    const mine = ++asked;
    const filters = { text: text.value.trim(), phase: phase.value, tag: tag.value.trim(), workflow: workflow.value, page: number || "" };
    setQuery(filters);
    try {
      const found = await get(withQuery("/api/v1/executions", { ...filters, tag: filters.tag.split(/[\s,]+/), size: 25 }));
      if (mine !== asked) return;
      fill(told);
      list.show(found, { filtered: inputs.some((input) => input.value.trim()) });
    } catch (problem) {
      if (mine === asked) fill(told, problemNote(problem));
    }
  };
  let timer = 0;
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(() => { number = 0; read(); }, 200);
  };
  for (const input of inputs) input.addEventListener("input", changed);

  const field = (label, input) => el("label", {}, label, input);
  fill(page,
    el("div", { class: "head" }, el("h1", {}, "Runs"),
      session.writes ? el("div", { class: "actions" }, el("a", { class: "button", href: "#/workflows" }, "Start a run")) : null),
    el("form", { class: "filters", role: "search", aria: { label: "Filter runs" }, on: { submit: (event) => event.preventDefault() } },
      field("Search", text), field("State", phase), field("Tags", tag), field("Workflow", workflow)),
    told, list.element);
  await read();
  const stop = refreshing(read);
  return () => { clearTimeout(timer); stop(); };
}

function row(run) {
  const took = run.started_at ? duration(new Date(run.completed_at ?? Date.now()) - new Date(run.started_at)) : "";
  return el("a", { class: "row", href: `#/executions/${encodeURIComponent(run.execution_id)}` },
    badge(run.status),
    el("span", {},
      el("span", { class: "name" }, run.workflow_name || run.execution_id), " ",
      run.tags.map((tag) => el("span", { class: "tag" }, tag)),
      el("br"), el("span", { class: "more mono" }, run.execution_id), run.error ? el("span", { class: "more" }, ` · ${run.error}`) : null),
    el("span", { class: "when", title: moment(run.created_at) }, ago(run.created_at), took ? ` · ${took}` : ""));
}

export { row as runRow };
