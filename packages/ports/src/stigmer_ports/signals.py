"""SIGTERM and SIGINT as events of the loop."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from stigmer_ports.logs import get_logger

log = get_logger(__name__)


@contextmanager
def stop_signals() -> Iterator[tuple[asyncio.Event, asyncio.Event]]:
    """Two events, set by the first and by the second SIGTERM or SIGINT.

    Afterwards both are ignored when one of them came, because the process is about to end: one more must not make that
    look like a failure. Else they do again what they did before, as whoever called goes on.
    """
    loop = asyncio.get_running_loop()
    stop, hurry = asyncio.Event(), asyncio.Event()

    def on_signal(number: signal.Signals) -> None:
        log.info("signal received", signal=number.name)
        (hurry if stop.is_set() else stop).set()

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in before:
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield stop, hurry
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN if stop.is_set() else handler)
