"""Every problem code: its severity and meaning. `docs/errors.md` is held equal to this table by a test."""

from collections.abc import Mapping
from dataclasses import dataclass

from stigmer_dsl.problem import Severity


@dataclass(frozen=True, slots=True)
class Code:
    """What a code stands for; `meaning` is one sentence for the table of codes."""

    meaning: str
    severity: Severity = "error"


CODES: Mapping[str, Code] = {
    # Text
    "too-large": Code("The document has more bytes than allowed (default 10 MiB)."),
    "too-deep": Code("The document is nested deeper than allowed (default 256 levels), aliases expanded."),
    "too-many-values": Code("The document has more values than allowed (default 100,000), aliases expanded."),
    "invalid-encoding": Code("The document is not UTF-8, or contains a character that is not allowed."),
    "invalid-syntax": Code("The text is neither YAML 1.2 nor JSON."),
    "invalid-number": Code("A number that JSON cannot hold, such as `.inf` or one of more than 1000 digits."),
    "invalid-key": Code("A key that is not text, such as `1:`, `null:` or a collection."),
    "invalid-merge": Code("A merge key (`<<`) whose value is not an object or a list of objects."),
    "duplicate-key": Code("The same key twice in one object."),
    "recursive-alias": Code("An alias inside its own anchor."),
    "unsupported-tag": Code("A YAML tag outside the core schema, or one that does not fit its value."),
    "multiple-documents": Code("More than one YAML document in one file."),
    "empty-document": Code("No content."),
    # Structure
    "unknown-property": Code("A property that the DSL does not have at this place."),
    "missing-property": Code("A required property is absent."),
    "conflicting-properties": Code("Properties that exclude each other."),
    "wrong-type": Code("A value of another type than the DSL wants here, or `null`."),
    "unknown-value": Code("Text that is not one of the fixed words allowed here."),
    "out-of-range": Code("A number below or above its bounds."),
    "empty-collection": Code("An empty object, list or text where at least one element is needed."),
    "list-item": Code("An entry of a list of tasks, cases or extensions that is not an object with one name."),
    "unknown-task": Code("A task without a property that names a task kind."),
    "ambiguous-task": Code("A task with the properties of two or more task kinds."),
    "duplicate-name": Code("Two tasks of one list, or two cases of one switch, with the same name."),
    "invalid-version": Code("Not a semantic version."),
    "unsupported-dsl": Code("A `document.dsl` outside 1.0.0 (inclusive) to 2.0.0 (exclusive)."),
    "invalid-name": Code("Not a DNS label (namespace, name), or not a variable name (`each`, `at`, `as`, `item`)."),
    "invalid-uri": Code("Not a URI, URI template or expression."),
    "invalid-cron": Code("A `schedule.cron` that is not a cron expression of five fields."),
    "invalid-duration": Code("Not a duration: no unit, not ISO 8601, or too long."),
    # Meaning
    "unknown-target": Code("A `then` that names no task of the same list."),
    "multiple-defaults": Code("A switch with more than one case without `when`."),
    "unknown-reference": Code("A name that is not defined under `use`."),
    "unclosed-expression": Code("A `${` without its closing brace."),
    "empty-expression": Code("An expression without content."),
    "invalid-expression": Code("An expression that is not valid jq."),
    "forbidden-function": Code("An expression that uses a jq built-in which reaches outside the data, such as `env`."),
    "unknown-variable": Code("An expression that uses a variable which does not exist at this place."),
    "unsupported-language": Code("An `evaluate.language` other than `jq`."),
    "unsupported-construct": Code("A valid construct that this runner does not perform; `run` refuses it."),
    "process-not-allowed": Code("A `run: shell` or `run: script` where the runner's configuration has it off."),
    "unsupported-zigflow": Code("A construct of a Zigflow document that cannot run here as it does there."),
    # Warnings
    "deprecated-property": Code("A property under an old or foreign name, read as its present one.", "warning"),
    "unreachable-task": Code("A task that no path of its list leads to.", "warning"),
    "reserved-name": Code("A task named `continue`, `exit` or `end`, which no `then` can reach.", "warning"),
    "unset-variable": Code("A variable that is always null here, such as `$output` outside `export`.", "warning"),
    "assignment-in-condition": Code("A condition that assigns (`=`), where comparing (`==`) must be meant.", "warning"),
    "missing-input": Code(
        "A call of a function without an argument that the function's `input.schema` requires.", "warning"
    ),
    "undeclared-secret": Code("A secret that `use.secrets` does not list.", "warning"),
}
"""All codes, grouped as in the documentation."""


def table() -> str:
    """Return the codes as the rows of a Markdown table: code (an anchor of its own), severity, meaning."""
    rows = [f'| <a id="{name}"></a>`{name}` | {code.severity} | {code.meaning} |' for name, code in CODES.items()]
    return "\n".join(["| Code | Severity | Meaning |", "|---|---|---|", *rows])
