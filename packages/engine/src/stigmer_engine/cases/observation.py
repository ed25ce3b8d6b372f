"""What a runtime tells of a case that it performed."""

from dataclasses import dataclass, field
from typing import Protocol

from stigmer_dsl import Problem
from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.cases.reading import PlannedCase
from stigmer_engine.events import ProgressEvent
from stigmer_engine.faults import WorkflowError


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedCall:
    """One call that left the workflow. `at` is in seconds from the start; an HTTP call has all of the middle part.

    `task` is the reference of the calling task.
    """

    call: str
    task: str
    at: float
    arguments: JsonObject = field(default_factory=dict)
    method: str = ""
    uri: str = ""
    headers: JsonObject = field(default_factory=dict)
    query: JsonObject = field(default_factory=dict)
    body: JsonValue = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedStart:
    """An execution that a schedule started, `at` seconds after the schedule."""

    at: float
    input: JsonValue
    status: str
    output: JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A run as seen from outside.

    Attributes:
        status: `completed failed cancelled`, or `running paused` at the time the case was over, or `invalid`.
        problems: why the document was refused.
        seconds: virtual time from the start to the end; `precision` how many of them may be real time that passed.
        starts: of a schedule.
        unmocked: calls that no mock answered, as sentences; a case with one of them never holds.
    """

    status: str
    output: JsonValue = None
    error: WorkflowError | None = None
    problems: tuple[Problem, ...] = ()
    events: tuple[ProgressEvent, ...] = ()
    calls: tuple[ObservedCall, ...] = ()
    emitted: tuple[JsonObject, ...] = ()
    seconds: float = 0.0
    precision: float = 0.001
    starts: tuple[ObservedStart, ...] = ()
    unmocked: tuple[str, ...] = ()


class Performer(Protocol):
    """A runtime on which cases can be performed."""

    def perform(self, planned: PlannedCase) -> Observation:
        """Run the case to its end."""
        ...
