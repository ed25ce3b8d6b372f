"""Tells a store that cannot be reached, or whose disk is full, from what else goes wrong with it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as NoFreeConnection
from stigmer_ports.logs import get_logger

from stigmer_server.refusals import Reason, Refused

log = get_logger(__name__)

# Classes of SQLSTATE (PostgreSQL, appendix A): connection exception, insufficient resources, operator intervention.
_PASSING_CLASSES: Final = ("08", "53", "57P")
# Primary result codes of SQLite: the disk is full or fails, its file cannot be opened or is for reading only.
_PASSING_CODES: Final = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
)
_PRIMARY_CODE: Final = 0xFF


class Reach:
    """Whether the store is reached. Logged when that changes, not for every request that fails meanwhile."""

    def __init__(self) -> None:
        self._away = False

    @contextmanager
    def reaching(self) -> Iterator[None]:
        """Raises Refused (TRY_AGAIN) when the store was not reached, or was lost before it answered.

        What was to be written may have been written all the same.
        """
        try:
            yield
        except (OSError, NoFreeConnection) as error:
            raise self._refused(error) from error
        except DBAPIError as error:
            if not is_unreachable(error):
                raise
            raise self._refused(error.orig or error) from error
        if self._away:
            self._away = False
            log.info("the store is reached again")

    def _refused(self, error: BaseException) -> Refused:
        if not self._away:
            self._away = True
            log.warning("the store cannot be reached", cause=f"{type(error).__name__}: {error}".partition("\n")[0])
        return Refused(Reason.TRY_AGAIN, "the store cannot be reached at the moment; try again in a second")


def is_unreachable(error: DBAPIError) -> bool:
    """Whether the connection or the disk is the matter, and not what was asked for."""
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) & _PRIMARY_CODE in _PASSING_CODES
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return error.connection_invalidated or isinstance(error, InterfaceError) or state.startswith(_PASSING_CLASSES)
