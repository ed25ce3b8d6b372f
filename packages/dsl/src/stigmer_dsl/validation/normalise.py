"""Other spellings that are read as the present ones, each with a warning."""

from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.validation.findings import Findings


def normalise(raw: JsonObject, findings: Findings) -> JsonObject:
    """Return the document with aliases renamed; the given one is left as it is.

    `document.description` is read as `summary`.
    """
    document = raw.get("document")
    if isinstance(document, dict) and "description" in document and "summary" not in document:
        findings.add(
            "deprecated-property",
            "/document/description",
            "`description` is not a property of the DSL; it is read as `summary`",
            "Write `summary`.",
            at_key=True,
        )
        raw = {**raw, "document": _renamed(document, "description", "summary")}
    return raw


def without_extensions(raw: JsonObject) -> JsonObject:
    """Return the document without the top-level properties that hold no part of the workflow.

    These are `x-...` (a place for YAML anchors) and `metadata`, which the official schema lets pass.
    """
    return {key: value for key, value in raw.items() if not (key.startswith("x-") or key == "metadata")}


def _renamed(value: JsonObject, old: str, new: str) -> JsonObject:
    return {new if key == old else key: item for key, item in value.items()}
