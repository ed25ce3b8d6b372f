"""Signals are events while a service runs; afterwards they are what they were, or nothing that a shutdown minds."""

import os
import signal
from collections.abc import Iterator

import pytest
from stigmer_ports.signals import stop_signals

WATCHED = (signal.SIGTERM, signal.SIGINT)


@pytest.fixture(autouse=True)
def own_handlers() -> Iterator[list[object]]:
    before = [signal.signal(number, lambda *_: None) for number in WATCHED]
    yield [signal.getsignal(number) for number in WATCHED]
    for number, handler in zip(WATCHED, before, strict=True):
        signal.signal(number, handler)


async def test_the_first_stops_and_the_second_hurries() -> None:
    with stop_signals() as (stop, hurry):
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()
        assert not hurry.is_set()
        os.kill(os.getpid(), signal.SIGINT)
        await hurry.wait()


async def test_one_more_at_the_end_is_ignored() -> None:
    with stop_signals() as (stop, _):
        os.kill(os.getpid(), signal.SIGINT)
        await stop.wait()
    assert [signal.getsignal(number) for number in WATCHED] == [signal.SIG_IGN, signal.SIG_IGN]


async def test_without_a_signal_they_are_what_they_were(own_handlers: list[object]) -> None:
    with pytest.raises(RuntimeError, match="cannot start"), stop_signals():
        raise RuntimeError("cannot start")
    assert [signal.getsignal(number) for number in WATCHED] == own_handlers
