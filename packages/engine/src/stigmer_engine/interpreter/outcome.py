"""What a task leaves behind, and how a run ends."""

from dataclasses import dataclass

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.faults import WorkflowError


@dataclass(frozen=True, slots=True)
class Outcome:
    """The value that goes on to the next task, and where that is.

    `then` is a flow directive or None for the default; `ends` says that a task inside completed the whole workflow,
    so everything around it only has to get out of the way; `exited` says that a task left its list by `exit`, which
    concerns nobody but the extension whose list it was.
    """

    value: JsonValue
    then: str | None = None
    ends: bool = False
    exited: bool = False


@dataclass(frozen=True, slots=True)
class Completed:
    """The workflow's output, and the form of it that leaves the execution: without placeholders of secrets."""

    output: JsonValue
    told: JsonValue


@dataclass(frozen=True, slots=True)
class Faulted:
    """The error that nobody caught, and the form of it that leaves the execution: without placeholders of secrets."""

    error: WorkflowError
    told: WorkflowError


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Cancelled from outside."""

    reason: str


@dataclass(frozen=True, slots=True)
class Frozen:
    """Drained: the serialised tree goes on from here, in any process."""

    tree: JsonObject


Ending = Completed | Faulted | Cancelled | Frozen
