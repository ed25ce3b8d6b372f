"""A runtime whose calls are a script: how long each takes, and what it answers."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.events import ProgressEvent
from stigmer_engine.expressions import Evaluator, Program
from stigmer_engine.faults import Fault, WorkflowError, fault
from stigmer_engine.interpreter.port import CallRequest, ChildRequest
from stigmer_engine.testing.virtual_time import virtual_clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one call does: it takes `after` seconds, then gives `value`, or raises `error` when there is one."""

    after: float = 0.0
    value: JsonValue = None
    error: WorkflowError | None = None


@dataclass(slots=True, kw_only=True)
class Call:
    """One call as the script saw it. Times are Unix seconds on the virtual clock; `ended` is None while it runs."""

    id: str
    reference: str
    uri: str
    arguments: JsonValue
    began: float
    ended: float | None = None
    state: Literal["running", "done", "failed", "cancelled"] = "running"


Script = Mapping[str, Sequence[Reply]]


@dataclass(slots=True, kw_only=True)
class ScriptedRuntime:
    """The runtime port for tests on a virtual clock.

    Attributes:
        evaluator: evaluates the expressions; use `EvaluatorConfig(patience_seconds=None)`.
        script: replies by the URI of a call or the name of an activity, first call first; the last one is repeated for
            further calls.
        on_publish: called after each event, with the event.
        on_evaluate: called before each evaluation, with its number from 1; whether it gives way to the loop.
        calls: every call made, in the order of their start.
        events: every event published.
        indexed: the search attributes of each task that sets some.
    """

    evaluator: Evaluator
    script: Script = field(default_factory=dict)
    on_publish: Callable[[ProgressEvent], object] = lambda _event: None
    on_evaluate: Callable[[int], bool] = lambda _number: False
    jitter: float = 0.5
    calls: list[Call] = field(default_factory=list)
    events: list[ProgressEvent] = field(default_factory=list)
    indexed: list[JsonObject] = field(default_factory=list)
    evaluations: int = 0

    def now(self) -> float:
        """Unix time on the virtual clock."""
        return virtual_clock()

    def random(self) -> float:
        """Always `jitter`."""
        return self.jitter

    async def evaluate(self, program: Program, arguments: list[JsonValue]) -> JsonValue:
        """The value of a program. Raises Fault `expression`."""
        self.evaluations += 1
        if self.on_evaluate(self.evaluations):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return await self.evaluator.evaluate(program, arguments)

    async def call(self, request: CallRequest) -> JsonValue:
        """Follow the script. Raises the Fault that stands there."""
        uri = str(request.arguments.get("uri", request.arguments.get("name")))
        replies = self.script.get(uri)
        if not replies:
            raise fault("communication", "No reply in the script", uri)
        earlier = sum(1 for call in self.calls if call.uri == uri)
        reply = replies[min(earlier, len(replies) - 1)]
        call = Call(id=request.id, reference=request.reference, uri=uri, arguments=request.arguments, began=self.now())
        self.calls.append(call)
        try:
            await asyncio.sleep(reply.after)
        except asyncio.CancelledError:
            call.state = "cancelled"
            raise
        finally:
            call.ended = self.now()
        if reply.error is not None:
            call.state = "failed"
            raise Fault(reply.error)
        call.state = "done"
        return reply.value

    async def start_child(self, request: ChildRequest) -> None:
        """Refuse: the script knows no sub-workflows. Raises Fault."""
        raise fault("configuration", "No sub-workflows in the script", request.name)

    async def await_child(self, request: ChildRequest) -> JsonValue:
        """Refuse, as `start_child`. Raises Fault."""
        raise fault("configuration", "No sub-workflows in the script", request.name)

    def cancel_child(self, request: ChildRequest) -> None:
        """Nothing to cancel."""

    async def sleep(self, seconds: float, why: str) -> None:
        """Let time pass on the virtual clock."""
        del why
        await asyncio.sleep(seconds)

    async def breathe(self) -> None:
        """Let the loop serve everybody else."""
        await asyncio.sleep(0)

    def index(self, attributes: JsonObject) -> None:
        """Keep the attributes."""
        self.indexed.append(attributes)

    def publish(self, event: ProgressEvent) -> None:
        """Keep the event."""
        self.events.append(event)
        self.on_publish(event)
