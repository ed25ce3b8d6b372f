"""One server a SQLite file: two would not see each other's changes in time."""

import asyncio
import fcntl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.engine import URL

from stigmer_server.config import ConfigError


@asynccontextmanager
async def single_writer(url: URL) -> AsyncIterator[None]:
    """Hold the lock beside the database file; the system lets go of it when the process ends, however it does.

    Raises ConfigError when another server holds it or the folder cannot be written. Does nothing for PostgreSQL.
    """
    if not url.drivername.startswith("sqlite"):
        yield
        return
    file = Path(url.database or "")
    try:
        await asyncio.to_thread(file.parent.mkdir, parents=True, exist_ok=True, mode=0o700)
        # Nobody else reads them: SQLite gives its further files the mode of the first.
        await asyncio.to_thread(file.touch, mode=0o600)
        lock = await asyncio.to_thread(Path(f"{file}.lock").open, "w")
    except OSError as error:
        raise ConfigError(f"The folder of the database {file} cannot be written: {error.strerror}.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigError(
                f"The database {file} is in use by another server; give this one its own STIGMER_DATA_DIR, or let both "
                "use PostgreSQL."
            ) from None
        yield
