"""The store that several servers share; they tell each other of changes by LISTEN and NOTIFY."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from stigmer_ports.logs import get_logger

from stigmer_server.store.misfits import refusing_misfits
from stigmer_server.store.transaction import Transaction
from stigmer_server.store.unreachable import Reach

_T = TypeVar("_T")
_CHANNEL = "stigmer_changes"
_RECONNECT_SECONDS = 1.0
_CONNECT_SECONDS = 10.0
_ATTEMPTS = 5
# serialization_failure, deadlock_detected, unique_violation (the next attempt sees the row of the other)
_PASSING = frozenset({"40001", "40P01", "23505"})
# Any number will do, as long as every version of this server takes the same one.
_MIGRATION_LOCK = 7_234_001

log = get_logger(__name__)


class PostgresDatabase:
    """Each write is a transaction of its own; the server's own commits group themselves."""

    shared = True

    def __init__(self, url: URL, publish: Callable[[frozenset[str]], None]) -> None:
        self._engine = create_async_engine(
            url,
            pool_size=12,
            max_overflow=8,
            pool_pre_ping=True,
            connect_args={"timeout": _CONNECT_SECONDS, "async_creator_fn": _connect},
        )
        self._publish = publish
        self._reach = Reach()

    async def read(self, work: Callable[[Connection], _T]) -> _T:
        """As `Database.read`. Raises Refused (TRY_AGAIN) while the server of the database is away."""
        with self._reach.reaching(), refusing_misfits():
            async with self._engine.connect() as plain:
                connection = await plain.execution_options(isolation_level="REPEATABLE READ")
                return await connection.run_sync(work)

    async def write(self, work: Callable[[Transaction], _T]) -> _T:
        """As `Database.write`. A transaction that another one crossed is tried again.

        Raises Refused (TRY_AGAIN) when the server of the database went away; what was written may be there or not.
        """
        for attempt in range(_ATTEMPTS):
            try:
                with self._reach.reaching(), refusing_misfits():
                    return await self._write(work)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _PASSING or attempt == _ATTEMPTS - 1:
                    raise
                await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - spreads out, hides nothing
        raise AssertionError("the last attempt returns or raises")

    async def exclusively(self, work: Callable[[Connection], None]) -> None:
        """Run `work` while no other server does the same; for migrations."""
        async with self._engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
            await connection.run_sync(work)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Hear of the changes of the other servers while the block runs."""
        task = asyncio.create_task(self._listen(), name="listen for changes")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._engine.dispose()

    async def _write(self, work: Callable[[Transaction], _T]) -> _T:
        async with self._engine.begin() as connection:
            result, changed = await connection.run_sync(_run, work)
            await _notify(connection, changed)
        self._publish(changed)
        return result

    async def _listen(self) -> None:
        while True:
            try:
                async with self._engine.connect() as connection:
                    await self._hear(connection)
            except Exception as error:  # whatever it is, there is no other who listens
                log.warning("changes of other servers are not heard at the moment", cause=type(error).__name__)
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _hear(self, connection: AsyncConnection) -> None:
        """Hear until the connection is lost, which raises ConnectionResetError.

        Followers look for themselves now and then, so a lost notice is a late one.
        """
        raw: Any = (await connection.get_raw_connection()).driver_connection
        lost = asyncio.Event()
        raw.add_termination_listener(lambda _connection: lost.set())

        def hear(_connection: object, _pid: int, _channel: str, payload: str) -> None:
            self._publish(frozenset([payload]))

        await raw.add_listener(_CHANNEL, hear)
        try:
            await lost.wait()
            raise ConnectionResetError
        finally:
            if not raw.is_closed():
                await raw.remove_listener(_CHANNEL, hear)


async def _connect(*arguments: Any, **options: Any) -> Any:
    """A connection of asyncpg; a caller who leaves meanwhile does not break its making off.

    Cancelled between its socket and its first word, asyncpg (0.31) leaves an error behind that nobody can take, which
    asyncio then logs as one of ours.
    """
    import asyncpg  # noqa: PLC0415 - comes with the extra `postgres`

    making = asyncio.ensure_future(asyncpg.connect(*arguments, **options))
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        making.add_done_callback(_let_go)
        raise


def _let_go(made: "asyncio.Future[Any]") -> None:
    if not made.cancelled() and made.exception() is None:
        made.result().terminate()


def _run(connection: Connection, work: Callable[[Transaction], _T]) -> tuple[_T, frozenset[str]]:
    transaction = Transaction(connection)
    result = work(transaction)
    return result, transaction.changed_executions


async def _notify(connection: AsyncConnection, execution_ids: frozenset[str]) -> None:
    for execution_id in sorted(execution_ids):
        await connection.execute(text("SELECT pg_notify(:channel, :id)"), {"channel": _CHANNEL, "id": execution_id})
