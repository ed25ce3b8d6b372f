// A form made from a JSON Schema: what it cannot show as fields it takes as JSON.

import { el } from "../core/dom.js";
import { fieldOf } from "./schema_fields.js";

const ABSENT = undefined;

/** The form of an input. `value()` gives the input or throws InvalidInput with the first wrong field in focus. */
export class SchemaForm {
  constructor(schema) {
    const root = resolve(schema ?? {}, schema ?? {});
    const fields = root.type === "object" || root.properties;
    this.field = fieldOf(fields ? { ...root, type: "object" } : { ...root, type: "json" }, {
      name: "", label: "Input", required: true, root: schema ?? {}, resolve, top: Boolean(fields),
      fallback: fields ? undefined : {},
    });
    this.element = el("div", { class: "schema-form" }, this.field.element);
  }

  /** The input, checked as far as a page can; the server checks it all. */
  value() {
    const wrong = [];
    const value = this.field.read(wrong);
    if (wrong.length) {
      wrong[0].focus();
      throw new InvalidInput(wrong.length);
    }
    return value === ABSENT ? {} : value;
  }

  /** Show what the server found at the fields; what belongs to none is returned. */
  show(problems) {
    const rest = [];
    let first = null;
    for (const problem of problems) {
      const field = this.field.at(problem.pointer.split("/").slice(1).map(unescape));
      if (!field || field.name === "") rest.push(problem);
      else {
        field.wrong(problem.message);
        first ??= field;
      }
    }
    first?.focus();
    return rest;
  }

  /** Fill the form with an input. */
  fill(value) {
    this.field.write(value);
  }
}

export class InvalidInput extends Error {
  constructor(count) {
    super(count === 1 ? "One field needs your attention." : `${count} fields need your attention.`);
  }
}

function unescape(token) {
  return token.replace(/~1/g, "/").replace(/~0/g, "~");
}

/** A schema with its `$ref` into the same document followed; one that leads elsewhere, or in a circle, stays. */
export function resolve(schema, root) {
  let found = schema;
  for (let depth = 0; depth < 20 && found && typeof found === "object" && typeof found.$ref === "string"; depth += 1) {
    if (!found.$ref.startsWith("#")) return {};
    let target = root;
    for (const token of found.$ref.split("/").slice(1)) target = target?.[unescape(decodeURIComponent(token))];
    const { $ref: _, ...beside } = found;
    found = target && typeof target === "object" ? { ...target, ...beside } : {};
  }
  return found && typeof found === "object" ? found : {};
}
