// One workflow: its picture, its document and its newest runs.

import { call, get, withQuery } from "../core/api.js";
import { say } from "../core/announce.js";
import { el, fill } from "../core/dom.js";
import { go } from "../core/router.js";
import { session } from "../core/session.js";
import { registerHere } from "../core/shortcuts.js";
import { showInTab } from "../core/tab.js";
import { ask } from "../parts/ask.js";
import { Definition } from "../parts/definition.js";
import { Graph } from "../parts/graph.js";
import { jsonView } from "../parts/json_view.js";
import { PagedList } from "../parts/paged_list.js";
import { runRow } from "./executions_view.js";
import { refreshing } from "./refreshing.js";

export async function workflowView(page, { parameters }) {
  const path = `/api/v1/workflows/${encodeURIComponent(parameters.id)}`;
  const [workflow, picture, document] = await Promise.all([get(path), get(`${path}/graph`), get(`${path}/document?format=json`)]);
  const name = workflow.metadata.name;
  showInTab(name);
  const definition = new Definition(document);
  const graph = new Graph(picture, { label: `Control flow of ${name}`, onChoose: (reference) => definition.choose(graph.pointerOf(reference)) });
  let number = 0;
  const list = new PagedList({
    label: "Runs", keyOf: (run) => run.execution_id, row: runRow, empty: "No runs yet.",
    onPage: (wanted) => { number = wanted; read(); },
  });
  const read = async () => {
    try {
      list.show(await get(withQuery("/api/v1/executions", { workflow: parameters.id, size: 10, page: number })));
    } catch {
      // The next read will tell; what is shown stays.
    }
  };
  await read();

  const here = `#/workflows/${encodeURIComponent(parameters.id)}`;
  const actions = session.writes
    ? el("div", { class: "actions" },
      el("a", { class: "button primary", href: `${here}/start` }, "Start a run"),
      el("a", { class: "button", href: `${here}/edit` }, "Edit"),
      el("button", { type: "button", class: "danger", on: { click: () => remove(path, name) } }, "Delete"))
    : null;
  if (session.writes) {
    registerHere({
      s: ["Start a run", () => go(`/workflows/${encodeURIComponent(parameters.id)}/start`)],
      e: ["Edit the workflow", () => go(`/workflows/${encodeURIComponent(parameters.id)}/edit`)],
    });
  }
  const { namespace, version } = workflow.spec.document;
  const warnings = workflow.status?.serverlessWorkflowValidation?.warnings ?? [];
  fill(page,
    el("div", { class: "head" }, el("h1", {}, name), el("span", { class: "muted" }, `${namespace} · version ${version}`), actions),
    workflow.spec.description ? el("p", {}, workflow.spec.description) : null,
    warnings.length ? el("div", { class: "note" }, el("strong", {}, "Warnings"), el("ul", { class: "findings" }, warnings.map((text) => el("li", {}, text)))) : null,
    el("div", { class: "run" },
      el("div", {}, el("section", { class: "card" }, graph.element)),
      el("div", {},
        el("section", {}, el("h2", {}, "Runs"), list.element),
        workflow.input_schema ? el("section", { class: "card" }, el("h2", {}, "Input"), jsonView(workflow.input_schema, "Schema of the input")) : null,
        el("section", { class: "card" }, el("h2", {}, "Definition"), definition.element))));
  return refreshing(read);
}

async function remove(path, name) {
  await ask({
    title: `Delete ${name}?`, text: "Its finished runs stay. It cannot be deleted while something uses it.", yes: "Delete", danger: true,
    onYes: async () => {
      await call("DELETE", path);
      say(`${name} is deleted`);
      go("/workflows");
    },
  });
}
