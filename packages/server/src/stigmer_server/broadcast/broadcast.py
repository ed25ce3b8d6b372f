"""Executions and their events as they come, from the store and the hub together."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Final

from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowProgressEvent

from stigmer_server.broadcast.hub import Hub
from stigmer_server.broadcast.newest import NewestExecutions
from stigmer_server.reduction import is_terminal
from stigmer_server.refusals import Reason, Refused
from stigmer_server.store.database import Database
from stigmer_server.store.event_log import LogPage, events_after, page_after
from stigmer_server.store.executions import StoredExecution

_LOOK_ANYWAY_SECONDS: Final = 5.0


class Broadcast:
    """What the ports stream. Every method raises Refused (NOT_FOUND) for an unknown execution.

    Values of secrets are empty in everything that comes from here.
    """

    def __init__(self, database: Database, hub: Hub) -> None:
        self._database = database
        self._hub = hub
        self._newest = NewestExecutions(database)

    async def current(self, execution_id: str) -> StoredExecution:
        """The execution as it stands."""
        return _known(await self._newest.read(execution_id), execution_id)

    async def events_after(self, execution_id: str, sequence: int, limit: int = 500) -> Sequence[WorkflowProgressEvent]:
        """Stored events with a higher sequence number, in order, at most `limit`. None for an unknown execution."""
        return await self._database.read(lambda connection: events_after(connection, execution_id, sequence, limit))

    async def follow(self, execution_id: str) -> AsyncIterator[StoredExecution]:
        """The execution now and after every change, until it has ended (or is deleted).

        A reader that is slower than the changes gets the newest state only; the first and the last are never left out.
        """
        with self._hub.watching(execution_id) as changed, self._newest.followed(execution_id):
            seen = await self.current(execution_id)
            yield seen
            while not is_terminal(seen.phase):
                await self._wait(changed)
                newer = await self._newest.read(execution_id)
                if newer is None:
                    return
                if newer.revision > seen.revision:
                    seen = newer
                    yield seen

    async def follow_events(self, execution_id: str, after: int = 0) -> AsyncIterator[WorkflowProgressEvent]:
        """Every event with a sequence number above `after`, in order, none twice, until the execution has ended.

        A slow reader falls behind and misses nothing: events are read from the store, not from a queue.
        """
        with self._hub.watching(execution_id) as changed:
            while True:
                page = await self._page(execution_id, after)
                if page is None:
                    if after:
                        return
                    raise _unknown(execution_id)
                for event in page.events:
                    after = event.sequence_number
                    yield event
                if page.ended:
                    return
                if not page.more:
                    await self._wait(changed)

    async def _page(self, execution_id: str, after: int) -> LogPage | None:
        return await self._database.read(lambda connection: page_after(connection, execution_id, after))

    async def _wait(self, changed: asyncio.Event) -> None:
        # Between servers a notice may be lost with the connection it came on, so everybody looks now and then.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_ANYWAY_SECONDS if self._database.shared else None):
                await changed.wait()
        changed.clear()


def _known(stored: StoredExecution | None, execution_id: str) -> StoredExecution:
    if stored is None:
        raise _unknown(execution_id)
    return stored


def _unknown(execution_id: str) -> Refused:
    return Refused(Reason.NOT_FOUND, f"there is no execution {execution_id!r}")
