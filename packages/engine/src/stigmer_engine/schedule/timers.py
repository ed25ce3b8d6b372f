"""`every`, `after` and `cron`: starts that the clock decides (dsl.md 1.1)."""

import asyncio
import math
from typing import Final

from stigmer_engine.runtimes.asyncio.runtime import Clock
from stigmer_engine.schedule.cron import Cron
from stigmer_engine.schedule.starter import Starter

# A clock that is set while we sleep must not make us late by more than this.
_LONGEST_SLEEP: Final = 3600.0


async def start_every(starter: Starter, seconds: float, clock: Clock) -> None:
    """Start an instance after each interval, whether or not the one before has ended. Times do not drift.

    What falls into a time in which the process slept is made up for by one start.
    """
    first = clock() + seconds
    number = 0
    while True:
        due = first + seconds * number
        starter.expect("every", due)
        await sleep_until(due, clock)
        starter.start()
        # Unix time as a float has no digits for every interval: the quotient may fall short of the one just served.
        number = max(number, math.floor((clock() - first) / seconds)) + 1


async def start_after(starter: Starter, seconds: float, clock: Clock) -> None:
    """Start an instance at once, and another one a while after each has ended, however it ended."""
    while True:
        starter.expect("after", None)
        execution = starter.start()
        if execution is not None:
            await execution.wait()
        due = clock() + seconds
        starter.expect("after", due)
        await sleep_until(due, clock)


async def start_by_cron(starter: Starter, cron: Cron, clock: Clock) -> None:
    """Start an instance at each time that the expression names; ends when it names none any more."""
    while True:
        due = cron.next_after(clock())
        starter.expect("cron", due)
        if due is None:
            starter.report("the cron expression names no time within 50 years")
            return
        await sleep_until(due, clock)
        starter.start()


async def sleep_until(time: float, clock: Clock) -> None:
    """Sleep until a Unix time on a clock that may be set meanwhile."""
    while (remaining := time - clock()) > 0:  # noqa: ASYNC110 - what is awaited is the time itself
        await asyncio.sleep(min(remaining, _LONGEST_SLEEP))
