"""Runs one workflow to its end, with signals, events and live progress."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from stigmer_dsl import JsonObject, JsonValue
from stigmer_engine import ProgressEvent, Result
from stigmer_ports.redaction import Redactor

from stigmer_runner.cli.event_lines import EventLines
from stigmer_runner.cli.live import LiveProgress
from stigmer_runner.config import RunSettings

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What to run and with what. Secrets do not show in the repr.

    Attributes:
        others: documents that `run: workflow` finds, by the names of their files.
        incoming: events for its listeners.
    """

    document: bytes
    source: str
    input: JsonValue = field(repr=False)
    env: Mapping[str, str] = field(repr=False)
    secrets: Mapping[str, str] = field(repr=False)
    events_file: str | None = None
    settings: RunSettings = field(default_factory=RunSettings)
    others: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    incoming: tuple[JsonObject, ...] = field(default=(), repr=False)


class StartedRun(Protocol):
    """A workflow that runs, wherever that is."""

    def follow(self) -> AsyncIterator[ProgressEvent]:
        """Every event; ends after the last one."""
        ...

    async def wait(self) -> Result:
        """The result."""
        ...

    def stop(self, reason: str, times: int) -> str | None:
        """Ask it to end, for the first, second, ... time.

        Returns:
            What happens now, and what the next time will do; None when there is nothing left to wait for.
        """
        ...


Start = AbstractAsyncContextManager[StartedRun]
"""Starts the run when it is entered, and ends what it stands on when it is left."""


async def follow_run(start: Start, options: RunOptions, redactor: Redactor) -> Result | None:
    """The result, or None when a signal ended the run before it could be cancelled in order.

    Raises what `start` raises, and UsageFailure when the events file cannot be written.
    """
    with contextlib.ExitStack() as stack:
        lines = stack.enter_context(EventLines(options.events_file, redactor)) if options.events_file else None
        stopping = stack.enter_context(_stopped_by_signals())
        try:
            async with start as run:
                stopping.run = run
                with LiveProgress(redactor, wanted=lines is None or options.events_file != "-") as live:
                    async for event in run.follow():
                        live.show(event)
                        if lines is not None:
                            lines.write(event)
                    return await run.wait()
        except asyncio.CancelledError:
            return None


class _Stopping:
    """Stops the run at a signal, and the waiting for it when it cannot be stopped any better."""

    def __init__(self, waiting: "asyncio.Task[object]") -> None:
        self.run: StartedRun | None = None
        self._waiting = waiting
        self._times = 0

    def on_signal(self, number: signal.Signals) -> None:
        self._times += 1
        said = self.run.stop(f"{number.name} received", self._times) if self.run is not None else None
        if said is None:
            self._waiting.cancel()
            return
        print(f"{number.name}: {said}", file=sys.stderr)


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[_Stopping]:
    waiting = asyncio.current_task()
    assert waiting is not None
    stopping = _Stopping(waiting)
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stopping.on_signal, number)
    try:
        yield stopping
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
