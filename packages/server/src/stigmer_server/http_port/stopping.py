"""Lets long streams end when the server stops, instead of being cut off after the grace."""

import asyncio
from typing import Any


class Stopping:
    """Set once, when the port closes. Belongs to one event loop."""

    def __init__(self) -> None:
        self._flag = asyncio.Event()

    @property
    def requested(self) -> bool:
        """Whether the port is closing."""
        return self._flag.is_set()

    def request(self) -> None:
        """Let every stream end."""
        self._flag.set()

    async def first_of(self, awaited: asyncio.Future[Any], seconds: float) -> None:
        """Wait for what comes first: the future (which is not cancelled), the stop, or the time."""
        stop = asyncio.ensure_future(self._flag.wait())
        try:
            await asyncio.wait({awaited, stop}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
