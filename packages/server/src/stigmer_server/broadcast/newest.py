"""Reads an execution once for all who ask for it at the same time, and only what is new to those who follow it."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from stigmer_server.store.database import Database
from stigmer_server.store.executions import StoredExecution
from stigmer_server.store.newer import Known, read_newer


class NewestExecutions:
    """Joins readers: who asks while a read waits for its turn gets that read's result, never an older one.

    While somebody follows an execution, its last state is kept, so that a change costs what the change is.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._next: dict[str, asyncio.Future[StoredExecution | None]] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._followers: Counter[str] = Counter()
        self._known: dict[str, Known] = {}

    @contextmanager
    def followed(self, execution_id: str) -> Iterator[None]:
        """Keep the last state while the block runs."""
        self._followers[execution_id] += 1
        try:
            yield
        finally:
            self._followers[execution_id] -= 1
            if not self._followers[execution_id]:
                del self._followers[execution_id]
                self._known.pop(execution_id, None)

    async def read(self, execution_id: str) -> StoredExecution | None:
        """The execution at a moment after this call, or None when there is none."""
        waiting = self._next.get(execution_id)
        if waiting is None:
            waiting = asyncio.get_running_loop().create_future()
            self._next[execution_id] = waiting
            if execution_id not in self._running:
                self._running[execution_id] = asyncio.create_task(self._serve(execution_id))
        return await asyncio.shield(waiting)

    async def _serve(self, execution_id: str) -> None:
        try:
            while (waiting := self._next.pop(execution_id, None)) is not None:
                known = self._known.pop(execution_id, None)
                try:
                    newer = await self._read(execution_id, known)
                except Exception as error:  # handed to those who wait
                    waiting.set_exception(error)
                    waiting.exception()  # nobody may be left who wants it
                else:
                    if newer is not None and execution_id in self._followers:
                        self._known[execution_id] = newer
                    waiting.set_result(newer.stored if newer is not None else None)
        finally:
            del self._running[execution_id]

    async def _read(self, execution_id: str, known: Known | None) -> Known | None:
        return await self._database.read(lambda connection: read_newer(connection, execution_id, known))
