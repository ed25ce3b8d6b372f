"""RAISE: an error object; the names of the contract's errors map to the DSL's standard types."""

from stigmer_dsl.json_types import JsonObject

from stigmer_converter.construct import Construct
from stigmer_converter.context import Context
from stigmer_converter.fields import Fields
from stigmer_converter.reverse_context import ReverseContext

ERRORS = "https://open-workflow-specification.org/spec/1.0.0/errors/"
_OLD_ERRORS = "https://serverlessworkflow.io/spec/1.0.0/errors/"
STATUS = {
    "validation": 400,
    "authentication": 401,
    "authorization": 403,
    "configuration": 400,
    "timeout": 408,
    "communication": 502,
    "expression": 400,
    "runtime": 500,
}
"""Standard error types with the status that the deployed converter gives them."""
_RUNTIME = "runtime"


def convert(config: Fields, context: Context) -> JsonObject:
    """Return `raise: {error: {type, status, title, detail}}`.

    A standard name (`Validation`, `ValidationError`, `validation`) gives its type and status, an `https://` URI is the
    type itself (status 500), every other text is the title of a `runtime` error.
    """
    error = config.text("error", required=True)
    message = config.text("message", required=True)
    raised = _error(error)
    if "title" in raised:
        raised["title"] = context.text(error, config.at("error"))
    raised["detail"] = context.text(message, config.at("message"))
    return {"raise": {"error": raised}}


def _error(error: str) -> JsonObject:
    """Return type, status and title for the contract's `error`."""
    if error.startswith("https://") and "${" not in error and error.split() == [error]:
        name = error.removeprefix(ERRORS).removeprefix(_OLD_ERRORS)
        return {"type": error, "status": STATUS.get(name, 500)}
    name = error.lower().removesuffix("error").rstrip("_- ")
    kind = name if name in STATUS else _RUNTIME
    return {"type": ERRORS + kind, "status": STATUS[kind], "title": error}


def revert(task: Construct, context: ReverseContext) -> JsonObject:
    """Return `error` and `message`; an error whose status or type does not follow from its name has no field."""
    definition = task.child("raise")
    if definition is None:
        return {}
    if isinstance(definition.value("error"), str):
        definition.refuse("error", "an error by reference", "Write the error here.")
        return {}
    given = definition.child("error")
    definition.close()
    if given is None:
        return {}
    kind, status, title = given.text("type"), given.value("status"), given.text("title")
    detail = given.text("detail")
    given.close()
    error = title or kind
    expected = _error(error)
    if (expected["type"], expected["status"]) != (kind, status):
        given.refuse(
            "type", f"the type {kind} with status {status} and title {title!r}",
            f"For `{error}` a specification gives {expected['type']} with status {expected['status']}.",
        )  # fmt: skip
    if not detail:
        given.refuse("detail", "an error without `detail`", "Say what happened.")
    return {
        "error": context.text(error, given.at("title" if title else "type")),
        "message": context.text(detail, given.at("detail")),
    }
