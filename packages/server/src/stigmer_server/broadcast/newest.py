"""Reads an execution once for all who ask for it at the same time."""

import asyncio

from stigmer_server.store.database import Database
from stigmer_server.store.executions import StoredExecution, read_execution


class NewestExecutions:
    """Joins readers: who asks while a read waits for its turn gets that read's result, never an older one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._next: dict[str, asyncio.Future[StoredExecution | None]] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

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
                try:
                    stored = await self._database.read(lambda connection: read_execution(connection, execution_id))
                except Exception as error:  # handed to those who wait
                    waiting.set_exception(error)
                    waiting.exception()  # nobody may be left who wants it
                else:
                    waiting.set_result(stored)
        finally:
            del self._running[execution_id]
