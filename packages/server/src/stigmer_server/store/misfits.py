"""Tells values that PostgreSQL cannot hold from defects: who sent them can send others."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError

from stigmer_server.refusals import Reason, Refused

# Classes of SQLSTATE (PostgreSQL, appendix A): data exception (too long, U+0000), and a row too large for an index.
_MISFIT: Final = ("22", "54000")


@contextmanager
def refusing_misfits() -> Iterator[None]:
    """Raises Refused (INVALID_REQUEST) when the database does not take a value."""
    try:
        yield
    except DBAPIError as error:
        if not str(getattr(error.orig, "sqlstate", None) or "").startswith(_MISFIT):
            raise
        # The first line names the kind of the trouble and never the value.
        why = str(error.orig).partition("\n")[0].rpartition(">: ")[2]
        raise Refused(Reason.INVALID_REQUEST, f"the store cannot hold a value of this request: {why}") from None
