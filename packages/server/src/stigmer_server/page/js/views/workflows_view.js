// The list of workflows.

import { get, withQuery } from "../core/api.js";
import { el, fill } from "../core/dom.js";
import { setQuery } from "../core/router.js";
import { session } from "../core/session.js";
import { showInTab } from "../core/tab.js";
import { ago, moment } from "../core/times.js";
import { problemNote } from "../parts/note.js";
import { PagedList, unmatched } from "../parts/paged_list.js";
import { refreshing } from "./refreshing.js";

export async function workflowsView(page, { query }) {
  showInTab("Workflows");
  const text = el("input", { type: "search", value: query.get("text") ?? "", autocomplete: "off" });
  let number = Number(query.get("page") ?? 0) || 0;
  const told = el("div");
  const list = new PagedList({
    label: "Workflows", keyOf: (workflow) => workflow.metadata.id, row,
    empty: el("p", {}, "No workflows here. ", session.writes ? el("a", { href: "#/workflows/new" }, "Register one.") : null),
    unmatched: unmatched("No workflow fits this search.", () => {
      text.value = "";
      number = 0;
      text.focus();
      read();
    }),
    onPage: (wanted) => { number = wanted; read(); },
  });
  let asked = 0;
  const read = async () => {
    const mine = ++asked;
    const filters = { text: text.value.trim(), page: number || "" };
    setQuery(filters);
    try {
      const found = await get(withQuery("/api/v1/workflows", { ...filters, size: 25 }));
      if (mine !== asked) return;
      fill(told);
      list.show(found, { filtered: text.value.trim() !== "" });
    } catch (problem) {
      if (mine === asked) fill(told, problemNote(problem));
    }
  };
  let timer = 0;
  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => { number = 0; read(); }, 200);
  });
  fill(page,
    el("div", { class: "head" }, el("h1", {}, "Workflows"),
      session.writes ? el("div", { class: "actions" }, el("a", { class: "button primary", href: "#/workflows/new" }, "Register a workflow")) : null),
    el("form", { class: "filters", role: "search", aria: { label: "Filter workflows" }, on: { submit: (event) => event.preventDefault() } },
      el("label", {}, "Search", text)),
    told, list.element);
  await read();
  const stop = refreshing(read);
  return () => { clearTimeout(timer); stop(); };
}

function row(workflow) {
  const { metadata, spec, status, task_count: tasks } = workflow;
  const changed = status?.audit?.specAudit?.updatedAt ?? status?.audit?.specAudit?.createdAt;
  return el("a", { class: "row plain-row", href: `#/workflows/${encodeURIComponent(metadata.id)}` },
    el("span", {},
      el("span", { class: "name" }, metadata.name), " ",
      (metadata.tags ?? []).map((tag) => el("span", { class: "tag" }, tag)),
      el("br"),
      el("span", { class: "more" }, `${spec.document?.namespace ?? ""} · version ${spec.document?.version ?? "?"} · ${tasks} ${tasks === 1 ? "task" : "tasks"}${spec.description ? ` · ${spec.description}` : ""}`)),
    el("span", { class: "when", title: moment(changed) }, changed ? ago(changed) : ""));
}
