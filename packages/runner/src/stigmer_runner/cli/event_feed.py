"""The events of `--event` for a workflow on Temporal and its sub-workflows, each from the moment it is there."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from stigmer_dsl import JsonObject
from stigmer_engine.runtimes.temporal import TemporalExecution, UnknownExecution
from stigmer_engine.runtimes.temporal.names import execution_id
from stigmer_ports.logs import get_logger
from temporalio.client import Client
from temporalio.service import RPCError

log = get_logger(__name__)

_LOOK_SECONDS: Final = 0.5


def running_family(workflow_id: str) -> str:
    """The query for a workflow and all below it, as far as they run."""
    return f"RootWorkflowId = '{workflow_id}' AND ExecutionStatus = 'Running'"


@asynccontextmanager
async def feeding(client: Client, root: TemporalExecution, events: Sequence[JsonObject]) -> AsyncIterator[None]:
    """While the context is open, the execution and all below it get the events, in their order, each once."""
    if not events:
        yield
        return
    feed = _Feed(client, root, events)
    running = asyncio.create_task(feed.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class _Feed:
    def __init__(self, client: Client, root: TemporalExecution, events: Sequence[JsonObject]) -> None:
        self._client = client
        self._root = root
        self._events = events
        # By execution id: how many of the events it has.
        self._had: dict[str, int] = {}

    async def run(self) -> None:
        """Carry events to whoever comes, for ever."""
        while True:
            try:
                # Visibility is a little behind, and this one is known.
                await self._carry_to(self._root.id)
                async for shown in self._client.list_workflows(running_family(self._root.workflow_id)):
                    await self._carry_to(execution_id(shown.id))
            except RPCError as error:
                log.warning("events cannot be handed in now", error=error.message)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _carry_to(self, execution: str) -> None:
        while (had := self._had.get(execution, 0)) < len(self._events):
            try:
                await TemporalExecution(self._client, execution).deliver(self._events[had])
            except UnknownExecution:
                # It has ended, and needs no more.
                had = len(self._events)
            self._had[execution] = had + 1
