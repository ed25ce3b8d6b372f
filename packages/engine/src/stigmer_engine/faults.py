"""Faults: the standard error objects of the DSL (specification section 'Errors', RFC 7807)."""

from dataclasses import dataclass, replace
from typing import Final

from stigmer_dsl.json_types import JsonObject

ERROR_BASE: Final = "https://open-workflow-specification.org/spec/1.0.0/errors/"

# Places at which the same standard error has lived; `catch` must not care which one a document names.
_ALIASES: Final = (
    ERROR_BASE,
    "https://serverlessworkflow.io/spec/1.0.0/errors/",
    "https://open-workflow-specification.org/dsl/errors/types/",
    "https://serverlessworkflow.io/dsl/errors/types/",
)

STANDARD_STATUS: Final[dict[str, int]] = {
    "configuration": 400,
    "validation": 400,
    "expression": 400,
    "authentication": 401,
    "authorization": 403,
    "timeout": 408,
    "communication": 500,
    "runtime": 500,
}


def canonical_type(uri: str) -> str:
    """The emitted spelling of a standard error type; any other URI unchanged."""
    for base in _ALIASES:
        if uri.startswith(base) and uri.removeprefix(base) in STANDARD_STATUS:
            return ERROR_BASE + uri.removeprefix(base)
    return uri


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowError:
    """An error as data. `instance` is the JSON pointer of the task that raised it."""

    type: str
    status: int
    title: str = ""
    detail: str = ""
    instance: str = ""

    def to_json(self) -> JsonObject:
        """The RFC 7807 object; absent texts are left out."""
        error: JsonObject = {"type": self.type, "status": self.status}
        for name, text in (("title", self.title), ("detail", self.detail), ("instance", self.instance)):
            if text:
                error[name] = text
        return error

    @classmethod
    def from_json(cls, error: JsonObject) -> "WorkflowError":
        """The inverse of `to_json`."""
        status = error.get("status", 500)
        return cls(
            type=str(error.get("type", ERROR_BASE + "runtime")),
            status=status if isinstance(status, int) else 500,
            title=str(error.get("title", "")),
            detail=str(error.get("detail", "")),
            instance=str(error.get("instance", "")),
        )

    @property
    def code(self) -> str:
        """A short code for progress events: the standard name in upper case, or `CUSTOM_ERROR`."""
        canonical = canonical_type(self.type)
        name = canonical.removeprefix(ERROR_BASE)
        return f"{name.upper()}_ERROR" if name in STANDARD_STATUS else "CUSTOM_ERROR"

    @property
    def sentence(self) -> str:
        """Title and detail as one line for people."""
        return ": ".join(text for text in (self.title, self.detail) if text) or self.type


class Fault(Exception):
    """A DSL error on its way through the run; `catch` may stop it. Carries the error object as `error`."""

    def __init__(self, error: WorkflowError) -> None:
        super().__init__(error.sentence)
        self.error = error

    def at(self, reference: str) -> "Fault":
        """The same fault, with `instance` set when nobody set it before."""
        return self if self.error.instance else Fault(replace(self.error, instance=reference))


def fault(kind: str, title: str, detail: str = "", *, status: int | None = None) -> Fault:
    """A standard fault.

    Args:
        kind: one of `STANDARD_STATUS`.
        title: what went wrong, in a few words.
        detail: the particulars, and what to do about them.
        status: overrides the standard status.
    """
    error = WorkflowError(
        type=ERROR_BASE + kind,
        status=STANDARD_STATUS[kind] if status is None else status,
        title=title,
        detail=detail,
    )
    return Fault(error)
