"""Connections to PostgreSQL that a caller does not wait for."""

import asyncio
import gc
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection, make_url
from stigmer_server.store.postgres import PostgresDatabase

from packages.server.tests.postgres_server import postgres_server

# More turns of the event loop than a connection on this machine takes until its first word.
TURNS = 30


def look(connection: Connection) -> int:
    return int(connection.execute(text("SELECT 1")).scalar_one())


def connections(connection: Connection) -> int:
    count = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
    return int(connection.execute(text(count)).scalar_one())


def database_at(address: str) -> PostgresDatabase:
    return PostgresDatabase(make_url(address).set(drivername="postgresql+asyncpg"), lambda _changed: None)


async def leave_after(turns: int, database: PostgresDatabase) -> None:
    reading = asyncio.create_task(database.read(look))
    for _ in range(turns):
        await asyncio.sleep(0)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)


async def all_others() -> None:
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)


async def test_a_caller_who_leaves_a_server_that_hangs_up_leaves_no_error_behind() -> None:
    unhandled: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unhandled.append(context))
    hung_up: asyncio.Queue[None] = asyncio.Queue()

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        await writer.wait_closed()
        hung_up.put_nowait(None)

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        database = database_at(f"postgresql://nobody:nothing@127.0.0.1:{server.sockets[0].getsockname()[1]}/none")
        for turns in range(TURNS):
            await leave_after(turns, database)
        # One more goes all the way, so that those before it are through.
        await asyncio.gather(database.read(look), return_exceptions=True)
        await hung_up.get()
        await database.close()
    await all_others()
    gc.collect()
    await asyncio.sleep(0)
    assert unhandled == []


async def test_a_connection_that_comes_too_late_is_let_go() -> None:
    with postgres_server() as address:
        database = database_at(address)
        for turns in range(TURNS):
            await leave_after(turns, database)
        await database.close()
        await all_others()
        counting = database_at(address)
        while await counting.read(connections) > 1:
            pass  # the server of the database takes a moment to see that one has gone
        await counting.close()
