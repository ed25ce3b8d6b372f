"""Log lines of the HTTP libraries about our calls, which would hold URIs and headers with secrets in them."""

import contextlib
import logging
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Final

_LOGGERS: Final = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2")
_ours: ContextVar[bool] = ContextVar("our_call", default=False)


def _is_not_ours(_record: logging.LogRecord) -> bool:
    return not _ours.get()


@contextlib.contextmanager
def unlogged() -> Iterator[None]:
    """Let the libraries log nothing of what happens inside; other users of them in this process lose nothing."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_is_not_ours)  # once: a filter that is there already is not added again
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)
