"""Brings the store to the tables that this version needs, at every start."""

from collections.abc import Callable
from importlib.resources import as_file, files
from typing import Protocol

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from stigmer_server.config import ConfigError


class Exclusive(Protocol):
    """A store that can be had alone."""

    async def exclusively(self, work: Callable[[Connection], None]) -> None:
        """Run `work` while nobody else does the same."""
        ...


async def migrate(database: Exclusive) -> None:
    """Apply the migrations that are missing. Replicas that start together wait for one another. Raises ConfigError."""
    try:
        await database.exclusively(_upgrade)
    except CommandError as error:
        raise ConfigError(
            f"The store was used by a newer version of the server ({_first_line(error)}); start that one again, or "
            "give this one a store of its own."
        ) from None
    except (SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        raise ConfigError(f"The store cannot be used: {type(cause).__name__}: {_first_line(cause)}.") from None


def _upgrade(connection: Connection) -> None:
    with as_file(files("stigmer_server.store") / "migrations") as folder:
        config = Config()
        # Alembic reads its options with interpolation, where a per cent sign must be doubled.
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _first_line(error: object) -> str:
    lines = str(error).splitlines()
    return lines[0].rstrip(".") if lines else "no details"
