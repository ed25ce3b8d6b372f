"""Turns pydantic's errors into problems with pointers, plain words and suggestions."""

from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.models.task import TASK_KINDS, kinds_in
from stigmer_dsl.models.workflow import Workflow
from stigmer_dsl.syntax.tree import join_pointer
from stigmer_dsl.validation.codes import CODES
from stigmer_dsl.validation.findings import Findings, did_you_mean, listing, near_word
from stigmer_dsl.validation.model_trace import Trace, trace

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "`true` or `false`",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "tuple_type": "a list",
    "list_type": "a list",
}
_RANGE = {"greater_than_equal": "at least {ge}", "less_than_equal": "at most {le}"}
_SHOWN = 40
_VERSIONS = ("dsl", "version")
_EMPTY = frozenset({"too_short", "string_too_short"})


def report_model_errors(
    error: ValidationError, raw: JsonValue, findings: Findings, root: type[BaseModel] = Workflow
) -> None:
    """Add a problem for each error of a failed validation of `raw` as a Workflow, or another model of documents."""
    traced = [(details, trace(details["loc"], raw, root)) for details in error.errors(include_url=False)]
    suggested = {
        join_pointer(place.parent, near_word(place.last, place.known))
        for details, place in traced
        if details["type"] == "extra_forbidden"
    }
    for details, place in traced:
        kind = details["type"]
        if kind == "extra_forbidden":
            _unknown_property(place, findings)
        elif kind == "missing":
            # A misspelt property is one mistake, not an unknown one and a missing one.
            if place.pointer not in suggested:
                _missing_property(place, findings)
        elif kind in {"union_tag_not_found", "union_tag_invalid"}:
            _wrong_task(place, findings)
        elif kind in CODES:
            hint = str((details.get("ctx") or {}).get("hint", ""))
            findings.add(kind, place.pointer, details["msg"], hint)
        else:
            _wrong_value(details, place, findings)


def describe(value: JsonValue) -> str:
    """Name the JSON type of a value as a reader would; text is not repeated, since it may be a secret."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, (int, float)):
        return f"the number {value}" if len(str(value)) <= _SHOWN else "a long number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"


def _unknown_property(place: Trace, findings: Findings) -> None:
    name = place.last
    hint = did_you_mean(name, place.known) or f"Known here: {listing(place.known)}."
    findings.add("unknown-property", place.pointer, f"There is no property `{name}` here", hint, at_key=True)


def _missing_property(place: Trace, findings: Findings) -> None:
    findings.add(
        "missing-property", place.parent, f"`{place.last}` is required here", f"Add `{place.last}`.", at_key=True
    )


def _wrong_task(place: Trace, findings: Findings) -> None:
    value = place.value
    if not isinstance(value, dict):
        hint = f"Write one of {listing(TASK_KINDS)} with its content."
        findings.add("wrong-type", place.pointer, f"A task is an object, this is {describe(value)}", hint)
        return
    kinds = kinds_in(value)
    if kinds:
        hint = "Keep one, or make two tasks of it."
        findings.add("ambiguous-task", place.pointer, f"{listing(kinds)} are different task kinds", hint, at_key=True)
        return
    hints = [did_you_mean(key, TASK_KINDS) for key in value]
    hint = next((text for text in hints if text), "") or f"Add one of {listing(TASK_KINDS)}."
    findings.add("unknown-task", place.pointer, "This task has no property that says what it does", hint, at_key=True)


def _wrong_value(details: ErrorDetails, place: Trace, findings: Findings) -> None:
    kind = details["type"]
    context: dict[str, Any] = details.get("ctx") or {}
    if kind == "literal_error":
        words = tuple(place.words)
        found = place.value
        near = did_you_mean(found, words) if isinstance(found, str) else ""
        subject = "This word" if isinstance(found, str) else describe(found).capitalize()
        findings.add(
            "unknown-value", place.pointer, f"{subject} is not known here", f"{near} One of {listing(words)}.".strip()
        )
    elif kind in _RANGE:
        findings.add("out-of-range", place.pointer, f"The number must be {_RANGE[kind].format(**context)}", "")
    elif kind in _EMPTY:
        findings.add("empty-collection", place.pointer, "This must not be empty", "Add at least one element.")
    else:
        expected = _EXPECTED.get(kind, "another value")
        if place.text_or_object and expected in ("an object", "a list"):
            expected = f"text or {expected}"
        findings.add(
            "wrong-type",
            place.pointer,
            f"{expected.capitalize()} is expected, not {describe(place.value)}",
            _conversion(expected, place),
        )


def _conversion(expected: str, place: Trace) -> str:
    value = place.value
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and len(str(value)) <= _SHOWN
    if place.duration and number:
        return f"Name the unit, as in `seconds: {value}`."
    if place.last in _VERSIONS and number:
        return f"Write three numbers in quotes: '{value}{'.0' * (2 - str(value).count('.'))}'."
    if expected == "text or a list" and isinstance(value, (int, float, bool)):
        return "Write the items as a list, or an expression in `${ }`."
    if expected == "a list" and isinstance(value, dict) and value:
        return f"Make a list of it, whose first entry is `- {next(iter(value))[:_SHOWN]}:`."
    if expected.startswith("text") and isinstance(value, (int, float, bool)):
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        return f"Quote it: '{shown}'." if len(shown) <= _SHOWN else "Quote it."
    if expected == "a whole number" and isinstance(value, str):
        return "Write the number without quotes."
    if expected == "`true` or `false`" and isinstance(value, str):
        return "Write `true` or `false` without quotes; `yes`, `no`, `on` and `off` are text in YAML 1.2."
    if value is None:
        return "Give it a value, or remove the property."
    return ""
