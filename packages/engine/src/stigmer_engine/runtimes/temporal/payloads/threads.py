"""Large pieces of work leave the event loop: zlib, SHA-256 and AES release the interpreter's lock."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

_T = TypeVar("_T")

_LARGE: Final = 128 * 1024
"""Bytes that take about a millisecond; below, a thread costs more than it saves."""


async def work_on(size: int, work: Callable[[], _T]) -> _T:
    """The result of work on `size` bytes, done in a thread when that is many."""
    return await asyncio.to_thread(work) if size >= _LARGE else work()
