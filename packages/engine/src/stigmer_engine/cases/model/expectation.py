"""What a case expects of a run."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictInt
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.model import Maybe, Model

from stigmer_engine.cases.model.collection import not_empty
from stigmer_engine.cases.model.fixed_duration import FixedDuration

RunStatus = Literal["completed", "failed", "cancelled", "running", "paused", "invalid"]
TaskStatus = Literal["completed", "failed", "cancelled", "skipped", "running"]


class ErrorExpectation(Model):
    """An error of the DSL; only the given fields are compared.

    A `type` without a colon is a standard one's name; `*` in a text stands for any text.
    """

    type: Maybe[str] = None
    status: Maybe[StrictInt] = None
    title: Maybe[str] = None
    detail: Maybe[str] = None
    instance: Maybe[str] = None


class ProblemExpectation(Model):
    """A problem of a document that cannot be loaded."""

    code: str
    pointer: Maybe[str] = None


class TaskExpectation(Model):
    """What is expected of one task, by name or reference; of a task that ran several times, of its last run.

    Attributes:
        status: how it ended, `skipped` by its `if`, or `running` when it is still open.
        runs: how often it started; `retries` how often it was tried again.
        output: its output, wholly; `contains` a part of it.
    """

    status: Maybe[TaskStatus] = None
    runs: Maybe[int] = Field(default=None, ge=0)
    retries: Maybe[int] = Field(default=None, ge=0)
    output: JsonValue = None
    contains: JsonValue = None
    error: Maybe[ErrorExpectation] = None


class CallExpectation(Model):
    """A call that is expected, by everything that is given; the rest may be anything.

    Attributes:
        method, uri: of an HTTP request; a `*` in the URI stands for any text, and a URI without `?` ignores the query.
        headers, query, body: parts of an HTTP request; `without` names headers that must not be there.
        arguments: parts of the arguments of another kind of call.
        at: when it was made.
    """

    call: str = "http"
    method: Maybe[str] = None
    uri: Maybe[str] = None
    query: JsonObject = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    without: tuple[str, ...] = ()
    body: JsonValue = None
    arguments: JsonObject = Field(default_factory=dict)
    task: Maybe[str] = None
    at: Maybe[FixedDuration] = None


class StartExpectation(Model):
    """An execution that the document's `schedule` starts: when, with which input, and how it stands at the end."""

    at: Maybe[FixedDuration] = None
    input: JsonValue = None
    status: Maybe[RunStatus] = None
    output: JsonValue = None


class Expectation(Model):
    """What a run must come to. What is not given is not looked at; without anything, the run must complete.

    Attributes:
        status: how it ends; `running` and `paused` are how it stands when its case is over, `invalid` a document
            that is refused when it is loaded.
        output: the whole output; `contains` a part of it.
        error: the error it fails with; `problems` those the document is refused for.
        runs: names of the tasks in the order of their starts, all of them.
        order: lists of tasks of which each must have ended before the next one starts.
        tasks: single tasks, by name or reference.
        calls: all calls, in their order.
        emitted: parts of all events that were published, in their order.
        duration: virtual time from start to end.
        starts: the executions that the document's `schedule` starts until the case's `until`; the case then runs the
            schedule, and nothing else of the above but `calls` and `emitted` applies.
    """

    status: Maybe[RunStatus] = None
    output: JsonValue = None
    contains: JsonValue = None
    error: Maybe[ErrorExpectation] = None
    problems: Maybe[Annotated[tuple[ProblemExpectation, ...], AfterValidator(not_empty)]] = None
    runs: Maybe[tuple[str, ...]] = None
    order: tuple[tuple[str, ...], ...] = ()
    tasks: dict[str, TaskExpectation] = Field(default_factory=dict)
    calls: Maybe[tuple[CallExpectation, ...]] = None
    emitted: Maybe[tuple[JsonObject, ...]] = None
    duration: Maybe[FixedDuration] = None
    starts: Maybe[tuple[StartExpectation, ...]] = None

    @property
    def ending(self) -> RunStatus:
        """The expected status: the given one, or the one that follows from the rest."""
        if self.status is not None:
            return self.status
        if self.problems is not None:
            return "invalid"
        if self.starts is not None:
            return "running"
        return "completed" if self.error is None else "failed"
