// Makes and replaces elements. Text is always text: nothing here takes HTML.

/** An element with properties and children. `on` holds listeners, `data` dataset entries, `aria` ARIA attributes. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "aria") for (const [key, text] of Object.entries(value)) setAria(element, key, text);
    else if (name === "class") element.className = value;
    else if (name === "role" || name === "for" || name === "list") element.setAttribute(name, value);
    else element[name] = value;
  }
  add(element, children);
  return element;
}

export function setAria(element, key, value) {
  if (value === undefined || value === null) element.removeAttribute(`aria-${key}`);
  else element.setAttribute(`aria-${key}`, String(value));
}

/** Put these children in place of what is there. */
export function fill(element, ...children) {
  element.replaceChildren();
  add(element, children);
  return element;
}

// What turns the direction of the text around it: with these a name could look like another one.
const TURNS = /[\u202a-\u202e\u2066-\u2069]/g;

function add(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : String(child).replace(TURNS, "\ufffd"));
  }
}

let count = 0;

/** An id that no other element has. */
export function freshId(prefix) {
  count += 1;
  return `${prefix}-${count}`;
}
