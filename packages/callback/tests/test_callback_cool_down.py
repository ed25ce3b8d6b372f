from __future__ import annotations

import asyncio
import logging

import pytest
from stigmer_callback import Backoff
from stigmer_callback._cool_down import CoolDown


class ManualClock:
    """Sleeps until told to go on."""

    def __init__(self) -> None:
        self.sleeps: list[float] = []
        self._wake = asyncio.Event()

    def unix_ms(self) -> int:
        return 0

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self._wake.clear()
        await self._wake.wait()

    async def go_on(self) -> None:
        await turns()
        self._wake.set()
        await turns()


class NoJitter:
    def random(self) -> float:
        return 0


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
async def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def cool_down(clock: ManualClock) -> CoolDown:
    return CoolDown(threshold=3, backoff=Backoff(initial_seconds=1, maximum_seconds=4), clock=clock, random=NoJitter())


def miss(cool_down: CoolDown, *, probe: bool = False) -> None:
    cool_down.missed(Exception("refused"), probe=probe)


async def test_it_rests_after_the_threshold(cool_down: CoolDown) -> None:
    miss(cool_down)
    miss(cool_down)
    assert await cool_down.admit() is False
    miss(cool_down)
    assert cool_down.resting
    cool_down.stop()


async def test_a_success_in_between_starts_the_count_anew(cool_down: CoolDown) -> None:
    for _ in range(5):
        miss(cool_down)
        miss(cool_down)
        cool_down.reached()
    assert not cool_down.resting


async def test_one_probe_passes_after_each_rest_and_rests_grow(cool_down: CoolDown, clock: ManualClock) -> None:
    for _ in range(3):
        miss(cool_down)
    waiting = [asyncio.create_task(cool_down.admit()) for _ in range(3)]
    await turns()
    assert not any(task.done() for task in waiting)
    for rest in range(1, 4):
        await clock.go_on()
        assert [task.done() for task in waiting] == [True] * rest + [False] * (3 - rest)
        assert waiting[rest - 1].result() is True
        miss(cool_down, probe=True)
    await turns()
    assert clock.sleeps == [1, 2, 4, 4]
    cool_down.stop()


async def test_a_probe_that_succeeds_opens_the_way_for_all(cool_down: CoolDown, clock: ManualClock) -> None:
    for _ in range(3):
        miss(cool_down)
    waiting = [asyncio.create_task(cool_down.admit()) for _ in range(3)]
    await clock.go_on()
    cool_down.reached()
    assert await asyncio.gather(*waiting) == [True, False, False]
    assert await cool_down.admit() is False


async def test_calls_from_before_the_rest_do_not_count_as_probes(cool_down: CoolDown, clock: ManualClock) -> None:
    for _ in range(10):
        miss(cool_down)
    await turns()
    assert clock.sleeps == [1]
    cool_down.stop()


@pytest.mark.parametrize("how", ["withdrawn", "cancelled"])
async def test_an_unused_probe_goes_to_the_next(how: str, cool_down: CoolDown, clock: ManualClock) -> None:
    for _ in range(3):
        miss(cool_down)
    first = asyncio.create_task(cool_down.admit())
    await turns()
    second = asyncio.create_task(cool_down.admit())
    if how == "withdrawn":
        await clock.go_on()
        cool_down.withdraw(probe=await first)
    else:
        await turns()
        cool_down.end_rest()
        first.cancel()
    assert await second is True
    cool_down.stop()


async def test_a_probe_that_nobody_waits_for_is_kept(cool_down: CoolDown, clock: ManualClock) -> None:
    for _ in range(3):
        miss(cool_down)
    await clock.go_on()
    assert await cool_down.admit() is True
    late = asyncio.create_task(cool_down.admit())
    await turns()
    assert not late.done(), "there is one probe only"
    cool_down.reached()
    assert await late is False


async def test_the_end_of_a_rest_can_be_brought_forward(cool_down: CoolDown) -> None:
    for _ in range(3):
        miss(cool_down)
    waiting = asyncio.create_task(cool_down.admit())
    await turns()
    cool_down.end_rest()
    assert await waiting is True
    cool_down.stop()


async def test_an_outage_is_one_warning_and_one_all_clear(
    cool_down: CoolDown, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "stigmer_callback")
    for _ in range(3):
        miss(cool_down)
    for _ in range(3):
        await clock.go_on()
        miss(cool_down, probe=await cool_down.admit())
    cool_down.reached()
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "the progress endpoint cannot be reached: refused; next try in 1.0 s, runs go on without it"),
        ("INFO", "the progress endpoint can be reached again"),
    ]
