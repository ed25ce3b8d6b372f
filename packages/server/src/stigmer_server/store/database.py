"""Transactions on SQLite and PostgreSQL under one interface: plain functions over a SQLAlchemy connection."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

from sqlalchemy.engine import URL, Connection

from stigmer_server.store.migrate import migrate
from stigmer_server.store.postgres import PostgresDatabase
from stigmer_server.store.single_writer import single_writer
from stigmer_server.store.sqlite import SqliteDatabase
from stigmer_server.store.transaction import Transaction

_T = TypeVar("_T")


class ChangeListener(Protocol):
    """Gets the ids of executions that changed, after the change is committed."""

    def publish(self, execution_ids: frozenset[str]) -> None:
        """Take the ids; must not block."""
        ...


class Database(Protocol):
    """The store. `shared` tells whether other servers may use it too."""

    shared: bool

    async def read(self, work: Callable[[Connection], _T]) -> _T:
        """The result of `work`, which sees one state of the store."""
        ...

    async def write(self, work: Callable[[Transaction], _T]) -> _T:
        """Run `work` in a transaction; when this returns, its changes survive a crash. `work` may raise to undo all.

        `work` may run more than once and in another thread: it must touch nothing but its transaction.
        """
        ...


@asynccontextmanager
async def open_database(url: URL, changes: ChangeListener) -> AsyncIterator[Database]:
    """The store at `url`, migrated to what this version needs; `changes` hears of committed changes.

    Raises ConfigError when the store cannot be used.
    """
    async with single_writer(url):
        database = (
            SqliteDatabase(url, changes.publish)
            if url.drivername.startswith("sqlite")
            else PostgresDatabase(url, changes.publish)
        )
        try:
            await migrate(database)
            async with database.listening():
                yield database
        finally:
            await database.close()
