"""The runtime port inside a Temporal workflow."""

import asyncio
from collections.abc import Callable, Mapping

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models.search_attributes import SearchAttributeType
from temporalio import workflow

from stigmer_engine.events import ProgressEvent
from stigmer_engine.expressions import Evaluator, Program
from stigmer_engine.interpreter.port import CallRequest, ChildRequest
from stigmer_engine.runtimes.temporal.calling import Calls
from stigmer_engine.runtimes.temporal.children import TemporalChildren
from stigmer_engine.runtimes.temporal.search_attributes import refuse_unusable, search_attribute_updates
from stigmer_engine.runtimes.temporal.summaries import one_line
from stigmer_engine.runtimes.temporal.turns import Turns


class TemporalRuntime:
    """Calls, time and events of one execution, as commands and times of its history.

    Args:
        evaluator: gives the evaluator of the present thread.
        published: takes each event.
        emitted: takes each CloudEvent that the execution has published.
        attributes: the search attributes that there are; None when nobody knows.
    """

    def __init__(
        self,
        *,
        evaluator: Callable[[], Evaluator],
        turns: Turns,
        calls: Calls,
        children: TemporalChildren,
        published: Callable[[ProgressEvent], object],
        steps: int,
        emitted: Callable[[JsonObject], object],
        attributes: Mapping[str, SearchAttributeType] | None,
    ) -> None:
        self._evaluator = evaluator
        self._turns = turns
        self._calls = calls
        self._children = children
        self._published = published
        self._steps = steps
        self._emitted = emitted
        self._attributes = attributes
        # The same as `workflow.time`, which looks for the loop each time: three times for a task, a sixth of its work.
        self._clock = asyncio.get_running_loop().time

    def now(self) -> float:
        """Unix time in seconds: that of the present workflow task."""
        return self._clock()

    def random(self) -> float:
        """A number from 0 up to 1, the same on replay."""
        return workflow.random().random()

    async def evaluate(self, program: Program, arguments: list[JsonValue]) -> JsonValue:
        """The value of a program. Raises Fault `expression`."""
        value = await self._turns.evaluate(self._evaluator(), program, arguments)
        if self._turns.over:
            await self._turns.end()
        return value

    async def call(self, request: CallRequest) -> JsonValue:
        """Perform the call as an activity. Raises Fault."""
        result = await self._calls.call(request)
        self._turns.began_anew()
        if request.kind == "emit":
            self._emitted(request.arguments)
        return result

    async def start_child(self, request: ChildRequest) -> None:
        """Start a sub-workflow as a child workflow. Raises Fault."""
        await self._children.start(request)

    async def await_child(self, request: ChildRequest) -> JsonValue:
        """The output of a sub-workflow. Raises its Fault."""
        return await self._children.wait(request)

    def cancel_child(self, request: ChildRequest) -> None:
        """Cancel a sub-workflow, if it still runs."""
        self._children.cancel(request)

    async def sleep(self, seconds: float, why: str) -> None:
        """Let time pass, by a timer that says why."""
        await workflow.sleep(seconds, summary=one_line(why))

    async def breathe(self) -> None:
        """Count the steps, and end the activation when it has lasted long enough."""
        self._turns.count(self._steps)
        if self._turns.over:
            await self._turns.end()

    def index(self, attributes: JsonObject) -> None:
        """Set search attributes of the workflow. Raises Fault, when the namespace would not take them."""
        refuse_unusable(attributes, self._attributes)
        workflow.upsert_search_attributes(search_attribute_updates(attributes))

    def publish(self, event: ProgressEvent) -> None:
        """Take the next event."""
        self._published(event)
