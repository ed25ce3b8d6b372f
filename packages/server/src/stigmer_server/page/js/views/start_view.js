// Starts a run: a form made from the schema of the workflow's input.

import { get, post } from "../core/api.js";
import { say, warn } from "../core/announce.js";
import { el, fill, freshId } from "../core/dom.js";
import { go } from "../core/router.js";
import { showInTab } from "../core/tab.js";
import { problemNote } from "../parts/note.js";
import { InvalidInput, SchemaForm } from "../parts/schema_form.js";

export async function startView(page, { parameters }) {
  const workflow = await get(`/api/v1/workflows/${encodeURIComponent(parameters.id)}`);
  const title = `Start ${workflow.metadata.name}`;
  showInTab(title);
  const schema = workflow.input_schema && typeof workflow.input_schema === "object" ? workflow.input_schema : null;
  let form = new SchemaForm(schema);
  let asJson = false;
  const place = el("div", {}, form.element);
  const told = el("div");
  const swap = el("button", { type: "button", on: { click: () => change() } }, "Edit as JSON");
  swap.hidden = !schema;
  const tags = el("input", { type: "text", id: freshId("tags"), autocomplete: "off" });
  const variables = variableInputs(workflow.spec.envSpec?.data ?? {});
  const go_ = el("button", { type: "submit", class: "primary" }, "Start");
  const element = el("form", { class: "card", noValidate: true }, place, variables.element,
    el("div", { class: "field" }, el("label", { for: tags.id }, "Tags"), el("p", { class: "about" }, "Words by which the run can be found, with commas between them."), tags),
    told, el("div", { class: "actions" }, go_, swap, el("a", { class: "button", href: `#/workflows/${encodeURIComponent(parameters.id)}` }, "Back")));

  const change = () => {
    let value = null;
    try {
      value = form.value();
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      if (asJson) return;
    }
    asJson = !asJson;
    form = new SchemaForm(asJson ? null : schema);
    if (value) form.fill(value);
    fill(place, form.element);
    swap.textContent = asJson ? "Edit as a form" : "Edit as JSON";
  };

  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    go_.disabled = true;
    fill(told);
    try {
      const body = {
        metadata: { tags: tags.value.split(",").map((tag) => tag.trim()).filter(Boolean) },
        spec: { workflowId: parameters.id, runtimeEnv: variables.read() },
        input: form.value(),
      };
      const started = await post("/api/v1/executions", body);
      say("The run has started");
      go(`/executions/${encodeURIComponent(started.execution_id)}`);
    } catch (problem) {
      if (problem instanceof InvalidInput) {
        warn(problem.message);
        fill(told, el("p", { class: "note bad" }, problem.message));
      } else {
        const rest = form.show(problem.problems ?? []);
        fill(told, problemNote({ message: problem.message, problems: rest }));
      }
    } finally {
      go_.disabled = false;
    }
  });
  fill(page, el("div", { class: "head" }, el("h1", {}, title)), element);
}

/** Inputs for the variables that the workflow declares. Values of secrets are not shown while they are typed. */
function variableInputs(data) {
  const names = Object.keys(data).sort();
  if (!names.length) return { element: null, read: () => ({}) };
  const inputs = names.map((name) => {
    const { value = "", isSecret = false, description = "" } = data[name];
    const input = el("input", { type: isSecret ? "password" : "text", id: freshId("variable"), autocomplete: "off", placeholder: value });
    return { name, isSecret, input, field: el("div", { class: "field" },
      el("label", { for: input.id }, name, isSecret ? " (secret)" : ""), description ? el("p", { class: "about" }, description) : null, input) };
  });
  return {
    element: el("fieldset", {}, el("legend", {}, "Variables"), inputs.map(({ field }) => field)),
    read: () => Object.fromEntries(inputs.filter(({ input }) => input.value)
      .map(({ name, isSecret, input }) => [name, { value: input.value, isSecret }])),
  };
}
