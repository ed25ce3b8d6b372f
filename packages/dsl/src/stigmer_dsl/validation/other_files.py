"""Recognises files that are no documents of the DSL 1.0, but something that lies beside them."""

from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.validation.findings import Findings


def is_other_file(raw: JsonObject, findings: Findings) -> bool:
    """Whether the file is meant as something else; then it says so, instead of a problem for each of its properties."""
    if "do" in raw:
        return False
    if "cases" in raw:
        what, hint = "a file of cases", "Perform it with `stigmer test`."
    elif "tasks" in raw or (raw.get("kind") == "Workflow" and "spec" in raw):
        what, hint = "a WorkflowSpec", "`stigmer convert` makes a document of it, and `stigmer apply` registers it."
    elif "states" in raw:
        message = "This is a document of the specification before 1.0, which had states"
        findings.add("unsupported-dsl", "", message, "Write it anew with `document` and `do`: tasks, not states.")
        return True
    else:
        return False
    findings.add("missing-property", "", f"This is no workflow document but {what}: it has no `do`", hint)
    return True
