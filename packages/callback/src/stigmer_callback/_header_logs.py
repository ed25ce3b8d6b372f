"""Keeps the HTTP/2 library from writing the `authorization` header to the log."""

from __future__ import annotations

import logging
from typing import Final

_HEADER_LOGGERS: Final = ("hpack.hpack", "hpack.table", "hpack.huffman", "hpack.huffman_table")


class _NoHeaders(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG


_NO_HEADERS: Final = _NoHeaders()


def silence_header_logs() -> None:
    """Drop the debug records of `hpack`: it logs every header it encodes, in clear and in hex, the API key too.

    A filter and not a level, because a level is easily set back by an application that turns on debug logs.
    """
    for name in _HEADER_LOGGERS:
        logger = logging.getLogger(name)
        if _NO_HEADERS not in logger.filters:
            logger.addFilter(_NO_HEADERS)
