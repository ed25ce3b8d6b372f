"""Frames: the position of a run, as data.

Every executor works on a frame and sets each field once, so that going on from a frame is the same code as entering
it anew. Between two awaits of the interpreter the tree is always consistent: it may be serialised at any of them.
Times are Unix seconds, absolute, so that a drain does not stretch them; a user's pause shifts them (`pending.py`).
"""

import enum
from dataclasses import dataclass, field
from typing import Final, Literal

from stigmer_dsl.json_types import JsonObject, JsonValue


class Unset(enum.Enum):
    """The absence of a value where null is a value."""

    UNSET = enum.auto()


UNSET: Final = Unset.UNSET


@dataclass(slots=True, kw_only=True)
class TaskFrame:
    """An open task: it was reported as started and has not ended.

    Attributes:
        raw: its raw input; `input` the transformed one, once `input.from` was evaluated.
        deadline: when its timeout expires, if it has one.
        body: the frame of its kind; None before it is entered and for kinds that need none.
        extension: where the extensions around the body stand, if any apply.
        authorization: `$authorization`, once the body has it; its parameter is a placeholder.
        output: the raw output, once the body is done; `then` the directive that the body chose, if any; `ends` is
            set when the body completed the whole workflow.
        notes: what the body has to say beside its output; part of the event that reports the end of the task.
    """

    name: str
    reference: str
    raw: JsonValue
    started_at: float
    deadline: float | None = None
    input: JsonValue | Unset = UNSET
    body: "Body | None" = None
    extension: "ExtensionFrame | None" = None
    authorization: JsonObject | Unset = UNSET
    output: JsonValue | Unset = UNSET
    then: str | None = None
    ends: bool = False
    notes: JsonObject | Unset = UNSET


@dataclass(slots=True, kw_only=True)
class DoFrame:
    """A list of tasks under way: the index of the next (or open) one, the value it gets, and its frame if open."""

    value: JsonValue
    index: int = 0
    child: TaskFrame | None = None


@dataclass(slots=True, kw_only=True)
class ForFrame:
    """A loop: its items (evaluated once), the iteration, the value it gets, and its body if open."""

    items: list[JsonValue]
    value: JsonValue
    index: int = 0
    body: DoFrame | None = None


BranchState = Literal["waiting", "running", "done", "failed", "cancelled"]


@dataclass(slots=True, kw_only=True)
class BranchFrame:
    """One branch of a fork: its state, its open task, and what it ended with."""

    state: BranchState = "waiting"
    child: TaskFrame | None = None
    output: JsonValue | Unset = UNSET
    error: JsonObject | None = None


@dataclass(slots=True, kw_only=True)
class ForkFrame:
    """A fork: its branches, and the first of each event that can decide it. What is decided is never revised."""

    branches: list[BranchFrame]
    winner: int | None = None
    first_failure: int | None = None
    ended_by: int | None = None


TryPhase = Literal["try", "caught", "delay", "catch"]


@dataclass(slots=True, kw_only=True)
class TryFrame:
    """A try: the phase, the tries so far, the error caught, when the next try is due, and the list under way."""

    phase: TryPhase = "try"
    attempt: int = 1
    began_at: float
    attempt_began_at: float
    error: JsonObject | None = None
    next_at: float | None = None
    body: DoFrame | None = None


@dataclass(slots=True, kw_only=True)
class WaitFrame:
    """A wait: when it is over."""

    until: float


@dataclass(slots=True, kw_only=True)
class FunctionFrame:
    """A call of a function: the function's own definition when it came from outside, and its task under way."""

    definition: JsonValue | Unset = UNSET
    body: DoFrame | None = None


@dataclass(slots=True, kw_only=True)
class ChildFrame:
    """A sub-workflow: its execution id, which makes starting it idempotent, and what it was started with."""

    id: str
    arguments: JsonObject


ExtensionPhase = Literal["before", "body", "after"]


@dataclass(slots=True, kw_only=True)
class ExtensionFrame:
    """The extensions around a task's body: the phase, the extension whose list is under way, and the body's outcome.

    `wanted` is the value of the extension's `when`, once it was evaluated.
    """

    phase: ExtensionPhase = "before"
    index: int = 0
    wanted: bool | None = None
    list: DoFrame | None = None
    output: JsonValue | Unset = UNSET
    then: str | None = None
    ends: bool = False


@dataclass(slots=True, kw_only=True)
class CallFrame:
    """A call: its idempotency key, and its arguments, evaluated once. A serialised tree holds no call in flight."""

    id: str
    arguments: JsonObject


@dataclass(slots=True, kw_only=True)
class InboxEvent:
    """An event that has arrived: its number, from 1, and whether a listener has consumed it."""

    number: int
    event: JsonObject
    consumed: bool = False


@dataclass(slots=True, kw_only=True)
class TakenEvent:
    """An event that a listener consumed: what was read of it, and what `foreach` made of that, if it did."""

    value: JsonValue
    output: JsonValue | Unset = UNSET


ListenPhase = Literal["listening", "each", "deciding", "over"]


@dataclass(slots=True, kw_only=True)
class ListenFrame:
    """A listener: which events it has looked at, what it has consumed, and what still decides its end.

    Attributes:
        opened_at: number of the last event that had arrived when it opened: up to there it takes only what nobody has
            consumed, after it whatever matches.
        cursor: number of the last event it has looked at.
        expectations: the values of `expect`, by the place of the filter and the name; evaluated once.
        correlations: the first value of each correlation without `expect`, by name.
        fulfilled: places of the filters that `all` is done with; those of a nested `until` too.
        count: events consumed; `taken` keeps them, unless the listener can never end.
        phase: `each` while the newest event is gone through, `deciding` while `until` is.
        body: the list of `foreach` under way, for the newest event; `result` what it gave.
    """

    opened_at: int
    cursor: int = 0
    expectations: JsonValue | Unset = UNSET
    correlations: JsonObject = field(default_factory=dict)
    fulfilled: list[JsonValue] = field(default_factory=list)
    count: int = 0
    taken: list[TakenEvent] = field(default_factory=list)
    phase: ListenPhase = "listening"
    body: DoFrame | None = None
    result: JsonValue | Unset = UNSET


Body = DoFrame | ForFrame | ForkFrame | TryFrame | WaitFrame | CallFrame | FunctionFrame | ChildFrame | ListenFrame
Holder = DoFrame | BranchFrame
TreePhase = Literal["new", "validating", "running"]


@dataclass(slots=True, kw_only=True)
class Tree:
    """One whole run: where it stands and everything it needs to go on, beside the document.

    Attributes:
        nonce: makes this execution's secret placeholders unguessable.
        sequence: number of the last event reported.
        context: `$context`; starts as an empty object.
        paused_at: when a user's pause froze the tree, else None.
        steps: tasks gone through, for the limit on endless documents; `calls` numbers the calls.
        told: bytes that the events so far have told of values, for the limit on what a log holds.
        output: what the last task gave, once there is no task left to run.
        inbox: events that have arrived and that some listener may still want, oldest first; `arrivals` counts all.
        resources: what was fetched from elsewhere, by what was asked for, so that it is fetched once.
    """

    execution_id: str
    nonce: str
    started_at: float
    raw_input: JsonValue
    input: JsonValue | Unset = UNSET
    phase: TreePhase = "new"
    deadline: float | None = None
    context: JsonValue = field(default_factory=dict)
    sequence: int = 0
    paused_at: float | None = None
    steps: int = 0
    told: int = 0
    calls: int = 0
    root: DoFrame | None = None
    output: JsonValue | Unset = UNSET
    resources: JsonObject = field(default_factory=dict)
    inbox: list[InboxEvent] = field(default_factory=list)
    arrivals: int = 0


def input_of(frame: TaskFrame) -> JsonValue:
    """The transformed input of a task whose body runs."""
    assert frame.input is not UNSET
    return frame.input
