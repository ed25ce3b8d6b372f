// The fields of a form made from a JSON Schema. Each reads, writes, and shows what is wrong with its value.

import { el, fill, freshId, setAria } from "../core/dom.js";

const DEEPEST = 8;

/** The field for a schema. `place` tells its name, label, whether it is required, and how to follow `$ref`. */
export function fieldOf(schema, place) {
  const own = place.resolve(schema, place.root);
  const type = kindOf(own);
  const depth = (place.depth ?? 0) + 1;
  const inner = { ...place, depth };
  if (depth > DEEPEST) return new JsonField(own, inner);
  switch (type) {
    case "enum": return new ChoiceField(own, inner);
    case "boolean": return place.required || own.default !== undefined ? new CheckField(own, inner) : new ChoiceField({ ...own, enum: [true, false] }, inner);
    case "string": return new TextField(own, inner);
    case "number": case "integer": return new NumberField(own, inner);
    case "object": return new ObjectField(own, inner);
    case "array": return new ListField(own, inner);
    default: return new JsonField(own, inner);
  }
}

function kindOf(schema) {
  if (schema.const !== undefined) return "enum";
  if (Array.isArray(schema.enum)) return "enum";
  const types = (Array.isArray(schema.type) ? schema.type : [schema.type]).filter((type) => type !== "null");
  const type = types.length === 1 ? types[0] : "json";
  if (type === "object" && !schema.properties) return "json";
  if (type === "array" && (!schema.items || Array.isArray(schema.items))) return "json";
  return schema.properties && type === undefined ? "object" : type;
}

/** What all fields share: a label, a description, and a place for what is wrong. */
class Field {
  constructor(schema, place) {
    this.schema = schema;
    this.place = place;
    this.name = place.name;
    this.label = schema.title ?? place.label;
    this.id = freshId("field");
    this.message = el("p", { class: "wrong", id: `${this.id}-wrong` });
    this.about = schema.description ? el("p", { class: "about", id: `${this.id}-about` }, schema.description) : null;
  }

  wrap(input, ...more) {
    this.input = input;
    input.id = this.id;
    setAria(input, "describedby", [this.about?.id, this.message.id].filter(Boolean).join(" "));
    if (this.place.required) setAria(input, "required", true);
    input.addEventListener("input", () => this.wrong(""));
    const label = el("label", { for: this.id, class: this.place.required ? "required" : "" }, this.label);
    this.element = el("div", { class: "field" }, label, this.about, input, ...more, this.message);
    if (this.schema.default !== undefined) this.write(this.schema.default);
  }

  wrong(text) {
    this.message.textContent = text;
    setAria(this.input, "invalid", text ? true : null);
  }

  /** Note that the value cannot be taken, and say why. */
  refuse(text, found) {
    this.wrong(text);
    found.push(this);
    return undefined;
  }

  focus() { this.input.focus(); }

  /** The field that a path of tokens leads to, or the nearest around it. */
  at(_path) { return this; }
}

class TextField extends Field {
  constructor(schema, place) {
    super(schema, place);
    const long = (schema.maxLength ?? 0) > 200 || schema.format === "textarea" || String(schema.default ?? "").includes("\n");
    const types = { email: "email", uri: "url", date: "date", password: "password" };
    this.wrap(long ? el("textarea", { rows: 4 }) : el("input", { type: types[schema.format] ?? "text", autocomplete: "off" }));
  }

  read(found) {
    const text = this.input.value;
    const { minLength = 0, maxLength = Infinity, pattern } = this.schema;
    if (text === "" && !this.place.required) return undefined;
    if (text === "" && minLength > 0) return this.refuse("This is needed.", found);
    const length = [...text].length;
    if (length < minLength) return this.refuse(`At least ${minLength} characters.`, found);
    if (length > maxLength) return this.refuse(`At most ${maxLength} characters.`, found);
    if (pattern !== undefined && !matches(pattern, text)) return this.refuse(`Must match ${pattern}`, found);
    this.wrong("");
    return text;
  }

  write(value) { this.input.value = typeof value === "string" ? value : JSON.stringify(value ?? ""); }
}

class NumberField extends Field {
  constructor(schema, place) {
    super(schema, place);
    this.wrap(el("input", { type: "text", inputMode: schema.type === "integer" ? "numeric" : "decimal", autocomplete: "off" }));
  }

  read(found) {
    const text = this.input.value.trim();
    if (text === "") return this.place.required ? this.refuse("This is needed.", found) : undefined;
    const value = Number(text);
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, type } = this.schema;
    if (!Number.isFinite(value)) return this.refuse("This must be a number.", found);
    if ([type].flat().includes("integer") && !Number.isInteger(value)) return this.refuse("This must be a whole number.", found);
    if (minimum !== undefined && value < minimum) return this.refuse(`At least ${minimum}.`, found);
    if (maximum !== undefined && value > maximum) return this.refuse(`At most ${maximum}.`, found);
    if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) return this.refuse(`More than ${exclusiveMinimum}.`, found);
    if (exclusiveMaximum !== undefined && value >= exclusiveMaximum) return this.refuse(`Less than ${exclusiveMaximum}.`, found);
    if (multipleOf && Math.abs(value / multipleOf - Math.round(value / multipleOf)) > 1e-9) return this.refuse(`A multiple of ${multipleOf}.`, found);
    this.wrong("");
    return value;
  }

  write(value) { this.input.value = value ?? ""; }
}

class CheckField extends Field {
  constructor(schema, place) {
    super(schema, place);
    this.wrap(el("input", { type: "checkbox" }));
    const label = el("label", { class: "check", for: this.id }, this.input, this.label);
    fill(this.element, label, this.about, this.message);
  }

  read() { return this.input.checked; }

  write(value) { this.input.checked = value === true; }
}

class ChoiceField extends Field {
  constructor(schema, place) {
    super(schema, place);
    this.values = schema.const !== undefined ? [schema.const] : schema.enum;
    const text = (value) => (value === true ? "yes" : value === false ? "no" : typeof value === "string" ? value : JSON.stringify(value));
    const free = !place.required || schema.default === undefined;
    this.wrap(el("select", {}, free ? el("option", { value: "" }, place.required ? "Choose…" : "–") : null,
      this.values.map((value, index) => el("option", { value: String(index) }, text(value)))));
    if (schema.const !== undefined) this.write(schema.const);
  }

  read(found) {
    if (this.input.value === "") return this.place.required ? this.refuse("Choose one.", found) : undefined;
    this.wrong("");
    return this.values[Number(this.input.value)];
  }

  write(value) {
    const index = this.values.findIndex((one) => JSON.stringify(one) === JSON.stringify(value));
    this.input.value = index < 0 ? "" : String(index);
  }
}

class JsonField extends Field {
  constructor(schema, place) {
    super(schema, place);
    this.wrap(el("textarea", { rows: place.depth > 1 ? 3 : 8, spellcheck: false, placeholder: "JSON" }));
    if (place.fallback !== undefined && schema.default === undefined) this.write(place.fallback);
  }

  read(found) {
    const text = this.input.value.trim();
    if (text === "") return this.place.required && this.name ? this.refuse("This is needed.", found) : undefined;
    try {
      const value = JSON.parse(text);
      if (!this.name && (value === null || typeof value !== "object" || Array.isArray(value))) return this.refuse("The input must be a JSON object.", found);
      this.wrong("");
      return value;
    } catch (error) {
      return this.refuse(`This is no JSON: ${error.message}`, found);
    }
  }

  write(value) { this.input.value = JSON.stringify(value, null, 2); }
}

/** Fields within a frame. One that is not required may be left out as a whole: when nothing is filled in, it is. */
class ObjectField extends Field {
  constructor(schema, place) {
    super(schema, place);
    const required = new Set(schema.required ?? []);
    this.fields = Object.entries(schema.properties ?? {}).map(([name, inner]) => fieldOf(inner, {
      name, label: name, required: required.has(name), root: place.root, resolve: place.resolve, depth: place.depth,
    }));
    const parts = this.fields.map((field) => field.element);
    this.element = place.top
      ? el("div", {}, this.about, parts, this.message)
      : el("fieldset", {}, el("legend", { class: place.required ? "required" : "" }, this.label), this.about, parts, this.message);
    this.input = this.element;
    if (schema.default !== undefined) this.write(schema.default);
  }

  read(found) {
    const wrong = [];
    const value = {};
    for (const field of this.fields) {
      const inner = field.read(wrong);
      if (inner !== undefined) value[field.name] = inner;
    }
    if (!this.place.required && !Object.keys(value).length && this.untouched()) {
      for (const field of this.fields) field.wrong("");
      return undefined;
    }
    found.push(...wrong);
    return value;
  }

  untouched() {
    return [...this.element.querySelectorAll("input, select, textarea")].every((input) =>
      input.type === "checkbox" ? !input.checked : input.value === "");
  }

  write(value) {
    for (const field of this.fields) if (value && value[field.name] !== undefined) field.write(value[field.name]);
  }

  wrong(text) { this.message.textContent = text; }

  focus() { this.fields[0]?.focus(); }

  at(path) {
    if (!path.length) return this;
    return this.fields.find((field) => field.name === path[0])?.at(path.slice(1)) ?? this;
  }
}

/** A list whose items are added and removed one by one. */
class ListField extends Field {
  constructor(schema, place) {
    super(schema, place);
    this.items = [];
    this.rows = el("div");
    const add = el("button", { type: "button", on: { click: () => this.add().focus() } }, `Add to ${this.label}`);
    this.element = el("fieldset", {}, el("legend", { class: place.required ? "required" : "" }, this.label), this.about, this.rows, add, this.message);
    this.input = this.element;
    this.addButton = add;
    if (schema.default !== undefined) this.write(schema.default);
    else for (let index = 0; index < (place.required ? schema.minItems ?? 0 : 0); index += 1) this.add();
  }

  add() {
    const number = this.items.length + 1;
    const field = fieldOf(this.schema.items, {
      name: String(number - 1), label: `${this.label} ${number}`, required: true, root: this.place.root,
      resolve: this.place.resolve, depth: this.place.depth,
    });
    const row = el("div", { class: "item" }, field.element);
    row.append(el("button", { type: "button", aria: { label: `Remove ${this.label} ${number}` }, on: { click: () => this.remove(field, row) } }, "Remove"));
    this.items.push(field);
    this.rows.append(row);
    return field;
  }

  remove(field, row) {
    this.items.splice(this.items.indexOf(field), 1);
    row.remove();
    this.addButton.focus();
  }

  read(found) {
    if (!this.items.length && !this.place.required) return undefined;
    const { minItems = 0, maxItems = Infinity } = this.schema;
    const value = this.items.map((field) => field.read(found));
    if (value.length < minItems) return this.refuse(`At least ${minItems}.`, found);
    if (value.length > maxItems) return this.refuse(`At most ${maxItems}.`, found);
    this.wrong("");
    return value;
  }

  write(value) {
    this.items = [];
    fill(this.rows);
    for (const item of Array.isArray(value) ? value : []) this.add().write(item);
  }

  wrong(text) { this.message.textContent = text; }

  focus() { (this.items[0] ?? this.addButton).focus(); }

  at(path) {
    return this.items[Number(path[0])]?.at(path.slice(1)) ?? this;
  }
}

function matches(pattern, text) {
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    return true; // a pattern of another dialect: the server will tell
  }
}
