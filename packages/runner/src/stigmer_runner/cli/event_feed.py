"""Events for executions on Temporal that have a task queue to themselves: those given, and those they emit.

In one process an engine's executions hear each other; on Temporal somebody has to carry the events.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from stigmer_dsl import JsonObject
from stigmer_engine.bus import EventBus
from stigmer_engine.runtimes.temporal import TemporalExecution, UnknownExecution
from stigmer_engine.runtimes.temporal.names import execution_id
from temporalio.client import Client
from temporalio.service import RPCError

from stigmer_runner.logs import get_logger

log = get_logger(__name__)

_LOOK_SECONDS: Final = 0.5
# An event that was given is for everybody, whenever they start.
_ALWAYS: Final = math.inf


@asynccontextmanager
async def feeding(client: Client, queue: str, bus: EventBus, given: Sequence[JsonObject]) -> AsyncIterator[None]:
    """While the context is open, the executions of a task queue get the events of a bus.

    Args:
        queue: has only executions that belong together.
        bus: where they publish.
        given: events that each of them gets first.
    """
    feed = _Feed(client, queue, given)
    stop = bus.subscribe(feed.take)
    running = asyncio.create_task(feed.run())
    try:
        yield
    finally:
        stop()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class _Feed:
    """An execution gets the events that come after its start, in their order."""

    def __init__(self, client: Client, queue: str, given: Sequence[JsonObject]) -> None:
        self._client = client
        self._queue = queue
        self._events = [(_ALWAYS, event) for event in given]
        self._came = asyncio.Event()
        # By execution id: how many of the events are behind it.
        self._behind: dict[str, int] = {}
        self._ended: set[str] = set()

    def take(self, event: JsonObject) -> None:
        """Take an event from the bus."""
        self._events.append((time.time(), event))
        self._came.set()

    async def run(self) -> None:
        """Carry events for ever."""
        while True:
            self._came.clear()
            # Without any event there is no need to know who is there.
            if self._events:
                try:
                    await self._carry()
                except RPCError as error:
                    log.warning("events cannot be carried now", error=error.message)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._came.wait(), _LOOK_SECONDS)

    async def _carry(self) -> None:
        async for shown in self._client.list_workflows(f"TaskQueue = '{self._queue}' AND ExecutionStatus = 'Running'"):
            await self._carry_to(execution_id(shown.id), shown.start_time.timestamp())

    async def _carry_to(self, execution: str, started: float) -> None:
        position = self._behind.get(execution, 0)
        while position < len(self._events) and execution not in self._ended:
            came, event = self._events[position]
            position += 1
            self._behind[execution] = position
            if came >= started:
                try:
                    await TemporalExecution(self._client, execution).deliver(event)
                except UnknownExecution:
                    self._ended.add(execution)
