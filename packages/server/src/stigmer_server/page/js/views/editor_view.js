// Registers a workflow, or changes one, by its YAML. Problems are listed while one writes.

import { call, get } from "../core/api.js";
import { say } from "../core/announce.js";
import { el, fill } from "../core/dom.js";
import { go } from "../core/router.js";
import { showInTab } from "../core/tab.js";
import { findingList, goodNote, problemNote } from "../parts/note.js";

const YAML = { type: "application/yaml" };
const FIRST = `document:
  dsl: '1.0.0'
  namespace: examples
  name: greeting
  version: '1.0.0'
input:
  schema:
    format: json
    document:
      type: object
      required: [name]
      properties:
        name: {type: string, title: Name}
do:
- greet:
    set:
      greeting: \${ "Hello, " + .name + "!" }
`;

export async function editorView(page, { parameters, current }) {
  const id = parameters.id ?? "";
  const path = `/api/v1/workflows${id ? `/${encodeURIComponent(id)}` : ""}`;
  const [text, workflow] = id ? await Promise.all([get(`${path}/document`), get(path)]) : [FIRST, null];
  const title = workflow ? `Edit ${workflow.metadata.name}` : "Register a workflow";
  showInTab(title);
  const area = el("textarea", { id: "yaml", spellcheck: false, value: text, rows: 24, autocapitalize: "off", autocomplete: "off" });
  area.setAttribute("aria-describedby", "yaml-about");
  const told = el("div", { id: "findings" });
  const save = el("button", { type: "submit", class: "primary" }, workflow ? "Save" : "Register");
  const form = el("form", { class: "card editor" },
    el("div", { class: "field" },
      el("label", { for: "yaml" }, "Document"),
      el("p", { class: "about", id: "yaml-about" }, "YAML of the Open Workflow DSL 1.0. It is checked as you write. Tab leaves the field; Ctrl+Enter saves."),
      area),
    told,
    el("div", { class: "actions" }, save, el("a", { class: "button", href: id ? `#/workflows/${encodeURIComponent(id)}` : "#/workflows" }, "Back")));

  const toLine = ({ line, column }) => {
    const lines = area.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    area.focus();
    area.setSelectionRange(start + Math.max(0, (column || 1) - 1), start + (lines[line - 1]?.length ?? 0));
    area.scrollTop = Math.max(0, (line - 6) * (area.scrollHeight / Math.max(lines.length, 1)));
  };

  let asked = 0;
  const check = async () => {
    const mine = ++asked;
    try {
      const found = await call("POST", "/api/v1/validation", { body: area.value, ...YAML });
      if (mine !== asked || !current()) return;
      if (found.valid) fill(told, goodNote("The document is valid."), findingList(found.problems, toLine));
      else fill(told, el("div", { class: "note bad" }, el("strong", {}, count(found.problems)), findingList(found.problems, toLine)));
      say(found.valid ? "The document is valid" : count(found.problems));
    } catch (problem) {
      if (mine === asked) fill(told, problemNote(problem));
    }
  };
  let timer = 0;
  area.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(check, 500);
  });
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearTimeout(timer);
    asked += 1;
    save.disabled = true;
    try {
      const stored = await call(id ? "PUT" : "POST", path, { body: area.value, ...YAML });
      say(`${stored.metadata.name} is ${id ? "saved" : "registered"}`);
      go(`/workflows/${stored.metadata.id}`);
    } catch (problem) {
      fill(told, problemNote(problem, toLine));
    } finally {
      save.disabled = false;
    }
  });
  fill(page, el("div", { class: "head" }, el("h1", {}, title)), form);
  check();
  return () => clearTimeout(timer);
}

function count(problems) {
  const errors = problems.filter((one) => one.severity === "error").length;
  return `${errors} ${errors === 1 ? "problem" : "problems"}`;
}
