"""The embedded store: one file, one writer.

SQLite works in threads without a driver for asyncio: only a whole read or write then costs a hop between threads, not
every statement.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection

from stigmer_server.store.group_commit import GroupCommit
from stigmer_server.store.transaction import Transaction
from stigmer_server.store.unreachable import Reach

_T = TypeVar("_T")
_BUSY_SECONDS = 30
_READERS = 4


class SqliteDatabase:
    """Reads in a few threads beside the one that writes (WAL: they do not wait for each other)."""

    shared = False

    def __init__(self, url: URL, publish: Callable[[frozenset[str]], None]) -> None:
        arguments = {"timeout": _BUSY_SECONDS, "check_same_thread": False}
        self._engine = create_engine(url, pool_size=_READERS + 2, connect_args=arguments)
        event.listen(self._engine, "connect", _set_up)
        event.listen(self._engine, "begin", _begin)
        self._writer = self._engine.execution_options(stigmer_writes=True)
        self._group = GroupCommit(self._writer, publish)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="store reader")
        # A full disk lets reads through.
        self._reach_reading, self._reach_writing = Reach(), Reach()

    async def read(self, work: Callable[[Connection], _T]) -> _T:
        """As `Database.read`. Raises Refused (TRY_AGAIN) while the disk fails."""
        with self._reach_reading.reaching():
            return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    async def write(self, work: Callable[[Transaction], _T]) -> _T:
        """As `Database.write`: on disk when this returns, together with the writes of the same moment.

        Raises Refused (TRY_AGAIN) while the disk is full or fails.
        """
        with self._reach_writing.reaching():
            return await self._group.run(work)

    async def exclusively(self, work: Callable[[Connection], None]) -> None:
        """Run `work` alone; for migrations."""
        await self._group.run(lambda transaction: work(transaction.connection))

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Nobody else writes, so there is nothing to listen to."""
        yield

    async def close(self) -> None:
        """Finish what was begun, and let go of the file."""
        await self._group.close()
        self._readers.shutdown()
        self._engine.dispose()

    def _read(self, work: Callable[[Connection], _T]) -> _T:
        with self._engine.connect() as connection:
            return work(connection)


def _set_up(connection: Any, _record: object) -> None:
    # The driver would begin transactions on its own, and too late for savepoints; `_begin` does it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("stigmer_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
