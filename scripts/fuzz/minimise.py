"""A failing input made smaller, as long as it fails in the same way."""

import re
import time
from collections.abc import Callable
from typing import Final

_SECONDS: Final = 40.0


def minimise(data: bytes, fails: Callable[[bytes], bool]) -> bytes:
    """The smallest input found within a time; `data` itself when nothing can be left out.

    Leaves out ever smaller pieces: lines first, then characters.
    """
    deadline = time.monotonic() + _SECONDS
    for divide in (_lines, _words, _characters):
        pieces = divide(data)
        size = max(1, len(pieces) // 2)
        while size >= 1 and time.monotonic() < deadline:
            smaller = _without(pieces, size, fails, deadline)
            if len(smaller) == len(pieces):
                size //= 2
            pieces = smaller
            size = min(size, max(1, len(pieces) // 2)) if size else 0
        data = b"".join(pieces)
    return data


def _without(pieces: list[bytes], size: int, fails: Callable[[bytes], bool], deadline: float) -> list[bytes]:
    """Leave out every run of `size` pieces that is not needed."""
    start = 0
    while start < len(pieces) and time.monotonic() < deadline:
        candidate = pieces[:start] + pieces[start + size :]
        if candidate and fails(b"".join(candidate)):
            pieces = candidate
        else:
            start += size
    return pieces


def _lines(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True)


def _words(data: bytes) -> list[bytes]:
    return re.findall(rb"\w+|\W", data)


def _characters(data: bytes) -> list[bytes]:
    """Characters of UTF-8, and bytes that are none by themselves."""
    return (
        [bytes([byte]) for byte in data] if not _is_text(data) else [character.encode() for character in data.decode()]
    )


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
