"""The port between the interpreter and a runtime: all that differs between an event loop and a Temporal workflow."""

from dataclasses import dataclass
from typing import Final, Protocol

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.events import ProgressEvent
from stigmer_engine.expressions.program import Program

UNKNOWN_WORKFLOW: Final = (
    "register it with this runner first: its file belongs into DOCUMENTS_DIR, or behind --document of `stigmer run`"
)
"""What to do about a sub-workflow that nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequest:
    """A side effect to perform.

    Attributes:
        kind: which call (`http`).
        id: idempotency key, unique within the execution and the same when a call is repeated after a crash.
        reference: JSON pointer of the task.
        arguments: evaluated arguments; secrets stand in them as placeholders.
    """

    kind: str
    id: str
    reference: str
    arguments: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildRequest:
    """A sub-workflow to run.

    Attributes:
        id: the child's execution id; starting the same id again attaches to the running child.
        namespace, name, version: which document; the version may be `latest`.
        input: the child's raw input.
        awaited: whether its parent waits for it; if not, it outlives its parent.
    """

    id: str
    namespace: str
    name: str
    version: str
    input: JsonValue
    awaited: bool = True


class Runtime(Protocol):
    """What an execution needs from the world. Sleeping, timeouts and concurrency are plain asyncio and not in here."""

    def now(self) -> float:
        """Unix time in seconds; the same on replay."""
        ...

    def random(self) -> float:
        """A number from 0 up to 1; the same on replay."""
        ...

    async def evaluate(self, program: Program, arguments: list[JsonValue]) -> JsonValue:
        """The value of a program. Raises Fault `expression`."""
        ...

    async def call(self, request: CallRequest) -> JsonValue:
        """Perform the call. Raises Fault; must stop the call when cancelled."""
        ...

    async def start_child(self, request: ChildRequest) -> None:
        """Start a sub-workflow, unless it runs already. Raises Fault when there is no such document."""
        ...

    async def await_child(self, request: ChildRequest) -> JsonValue:
        """The output of a sub-workflow that was started. Raises its Fault. Stopping to wait does not stop the child."""
        ...

    def cancel_child(self, request: ChildRequest) -> None:
        """Cancel a sub-workflow, if it still runs."""
        ...

    async def sleep(self, seconds: float, why: str) -> None:
        """Let time pass; `why` is one line for people."""
        ...

    async def breathe(self) -> None:
        """Give everything else a turn; called every so many steps of pure work."""
        ...

    def index(self, attributes: JsonObject) -> None:
        """Make the execution findable by search attributes, where there is an index; null takes one away.

        Args:
            attributes: `{name: {type, value}}`, the values of their types (`stigmer_dsl.models.search_attributes`).

        Raises:
            Fault: there is an index, and it would not take them.
        """
        ...

    def publish(self, event: ProgressEvent) -> None:
        """Take the next event. Must not block and must not fail."""
        ...
