"""What goes on for one case while it is performed."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from stigmer_dsl.json_types import JsonObject
from temporalio import activity

from stigmer_engine.engine import Engine
from stigmer_engine.events import ProgressEvent
from stigmer_engine.runtimes.temporal.executions import TemporalExecution
from stigmer_engine.runtimes.temporal.following import UnknownExecution
from stigmer_engine.runtimes.temporal.names import execution_id
from stigmer_engine.runtimes.temporal.stage.deferred_world import DeferredWorld
from stigmer_engine.runtimes.temporal.stage.director import TemporalDirector


@dataclass(slots=True, kw_only=True)
class Performance:
    """One case.

    Attributes:
        engine: performs the calls that the mocked world lets through.
        events: what the worker delivered, by execution.
        sent: signals on their way to the execution.
    """

    world: DeferredWorld
    engine: Engine
    director: TemporalDirector
    events: dict[str, list[ProgressEvent]] = field(default_factory=dict)
    sent: set[asyncio.Task[None]] = field(default_factory=set)

    def listen(self, execution: TemporalExecution) -> None:
        """Hand the execution what is emitted in its case."""

        def hand_in(event: JsonObject) -> None:
            sending = asyncio.ensure_future(_hand_in(execution, event))
            self.sent.add(sending)
            sending.add_done_callback(self.sent.discard)

        self.engine.bus.subscribe(hand_in)

    async def arrive(self) -> None:
        """Wait until every signal has arrived."""
        while self.sent:
            await asyncio.gather(*self.sent)


async def _hand_in(execution: TemporalExecution, event: JsonObject) -> None:
    # An execution that has ended takes no event, and misses none.
    with contextlib.suppress(UnknownExecution):
        await execution.deliver(event)


class Performances:
    """Those under way, by execution; an activity finds its own, and a sub-workflow that of its parent."""

    def __init__(self) -> None:
        self._running: dict[str, Performance] = {}

    def add(self, execution: str, performance: Performance) -> None:
        """One more."""
        self._running[execution] = performance

    def remove(self, execution: str) -> None:
        """It is over."""
        self._running.pop(execution, None)

    def current(self) -> Performance:
        """That of the activity that runs here."""
        found = self.find(execution_id(activity.info().workflow_id or ""))
        assert found is not None, "this activity belongs to no case"
        return found

    def find(self, execution: str) -> Performance | None:
        """That of an execution, or of what it is a sub-workflow of: a child's id begins with its parent's."""
        while execution:
            if execution in self._running:
                return self._running[execution]
            execution = execution.rpartition("/")[0]
        return None


class Audience:
    """Takes the events that the worker delivers, and lets happen what a case says of them."""

    def __init__(self, performances: Performances) -> None:
        self._performances = performances

    async def deliver(self, events: Sequence[ProgressEvent], *, last: bool) -> int:
        """See EventReceiver. The workflow task waits, so no virtual time passes in here."""
        del last
        execution = events[0].workflow_execution_id
        performance = self._performances.find(execution)
        if performance is None:
            return events[-1].sequence_number
        known = performance.events.setdefault(execution, [])
        fresh = [event for event in events if not known or event.sequence_number > known[-1].sequence_number]
        known.extend(fresh)
        for event in fresh:
            await performance.director.see(event)
        return events[-1].sequence_number
