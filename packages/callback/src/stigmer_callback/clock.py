"""The two things of the outside world that waiting depends on, as ports."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits."""

    def unix_ms(self) -> int:
        """Return milliseconds since 1970-01-01 UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds`."""
        ...


class Random(Protocol):
    """A source of jitter; `random.Random` is one."""

    def random(self) -> float:
        """Return a number in [0, 1)."""
        ...


class SystemClock:
    """The clock of this machine and the sleep of the running event loop."""

    def unix_ms(self) -> int:
        """Return milliseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1_000_000

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds`."""
        await asyncio.sleep(seconds)


SYSTEM_CLOCK: Clock = SystemClock()
SYSTEM_RANDOM: Random = random.SystemRandom()
