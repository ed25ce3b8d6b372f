"""The jumping clock, where it is easily wrong: far away, and beside threads."""

import asyncio
import time

import pytest
from stigmer_engine.testing import NothingScheduled, run_virtual


@pytest.mark.parametrize("days", [1, 364.99, 365, 366, 36_500])
def test_a_timer_far_away_is_reached(days: float) -> None:
    async def wait() -> float:
        await asyncio.sleep(days * 86_400)
        return asyncio.get_running_loop().time()

    assert run_virtual(wait()) == pytest.approx(days * 86_400)


def test_the_clock_stands_still_while_a_thread_works() -> None:
    async def wait() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        other = asyncio.ensure_future(asyncio.sleep(3600))
        await asyncio.to_thread(time.sleep, 0.01)
        after_thread = loop.time()
        await other
        return after_thread, loop.time()

    assert run_virtual(wait()) == (0, 3600)


def test_waiting_for_nothing_is_told() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    with pytest.raises(NothingScheduled):
        run_virtual(wait())
