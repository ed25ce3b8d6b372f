"""The jumping clock, where it is easily wrong: far away, and beside threads."""

import asyncio
import sys
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


def test_a_process_takes_no_virtual_time() -> None:
    async def run_process() -> tuple[int, float]:
        async with asyncio.timeout(5):
            # Its pipes are closed long before its end: nothing but the end is left to be awaited.
            code = "import os, time; os.close(1); os.close(2); time.sleep(0.3); os._exit(3)"
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-c", code, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
            )
            await process.communicate()
        return process.returncode or 0, asyncio.get_running_loop().time()

    code, seconds = run_virtual(run_process())
    assert code == 3
    assert seconds < 5


def test_a_process_that_cannot_start_leaves_the_clock_as_it_was() -> None:
    async def run_process() -> float:
        with pytest.raises(FileNotFoundError):
            await asyncio.create_subprocess_exec("/no/such/program")
        await asyncio.sleep(7)
        return asyncio.get_running_loop().time()

    assert run_virtual(run_process()) == 7
