// Notes about what went wrong or well.

import { el } from "../core/dom.js";
import { warn } from "../core/announce.js";

/** A note about a refusal, with all its findings. `onChoose` is called with a finding that has a place. */
export function problemNote(problem, onChoose) {
  warn(problem.message);
  return el("div", { class: "note bad" }, el("strong", {}, sentence(problem.message)), findingList(problem.problems ?? [], onChoose));
}

/** A refusal begins with a small letter, unless it begins with the name of a field. */
function sentence(text) {
  return /^[a-z]+ /.test(text) ? text[0].toUpperCase() + text.slice(1) : text;
}

/** Findings about a document or an input; those with a place can be chosen. */
export function findingList(findings, onChoose) {
  if (!findings.length) return null;
  return el("ul", { class: "findings" }, findings.map((finding) => {
    const place = finding.line ? `line ${finding.line}` : finding.pointer;
    const where = place && onChoose && finding.line
      ? el("button", { type: "button", class: "plain", on: { click: () => onChoose(finding) } }, place)
      : place;
    return el("li", {}, where ? [where, ": "] : null, `${finding.severity === "warning" ? "Warning: " : ""}${finding.message}`,
      finding.hint ? el("span", { class: "hint" }, finding.hint) : null);
  }));
}

export function goodNote(text) {
  return el("p", { class: "note good" }, text);
}
