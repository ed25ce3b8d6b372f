"""Silence of the HTTP libraries' loggers during a workflow's call: they write URLs and headers, secrets included."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_LOGGERS: Final = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy")
_in_call: ContextVar[bool] = ContextVar("in_call", default=False)


def _outside_of_calls(_record: logging.LogRecord) -> bool:
    return not _in_call.get()


for _name in _LOGGERS:
    logging.getLogger(_name).addFilter(_outside_of_calls)


@contextmanager
def unlogged() -> Iterator[None]:
    """Let these loggers drop everything that this task writes meanwhile; other users of the libraries keep theirs."""
    token = _in_call.set(True)
    try:
        yield
    finally:
        _in_call.reset(token)
