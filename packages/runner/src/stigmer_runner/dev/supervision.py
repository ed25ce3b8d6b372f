"""Keeps a part running: starts it again when it ends by itself, but not for ever."""

import asyncio
import contextlib
import time
from collections import deque
from typing import Final

from stigmer_runner.dev.one_log import OneLog
from stigmer_runner.dev.part import Part, PartProcess
from stigmer_runner.dev.problems import DevProblem

_START_SECONDS: Final = 180.0
_LOOK_SECONDS: Final = 0.1
_RESTARTS: Final = 5
_WITHIN_SECONDS: Final = 60.0
_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 5.0


class Supervised:
    """A part that is kept running.

    Args:
        lock_descriptor: of the data folder; its processes hold the lock too.
    """

    def __init__(self, part: Part, log: OneLog, *, lock_descriptor: int) -> None:
        self.part = part
        self._log = log
        self._the_process = f"The process `{part.name}`"
        self._lock_descriptor = lock_descriptor
        self._process: PartProcess | None = None
        self._ending = False

    async def start(self) -> None:
        """Start it and wait until it works. Raises DevProblem when it ends before, or takes too long."""
        process = await self._launch()
        ended = asyncio.ensure_future(process.wait())
        deadline = time.monotonic() + _START_SECONDS
        try:
            while not await self.part.is_ready():
                if ended.done():
                    raise DevProblem(
                        f"The process `{self.part.name}` ended with exit code {ended.result()}; its log tells why."
                    )
                if time.monotonic() > deadline:
                    raise DevProblem(f"{self._the_process} did not work after {_START_SECONDS:.0f} seconds.")
                await asyncio.wait({ended}, timeout=_LOOK_SECONDS)
        finally:
            if not ended.done():
                ended.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await ended

    async def keep(self) -> None:
        """Start it again when it ends by itself, until `stop`. Raises DevProblem when it ends too often."""
        ends: deque[float] = deque(maxlen=_RESTARTS)
        while True:
            assert self._process is not None
            code = await self._process.wait()
            if self._ending:
                return
            now = time.monotonic()
            if len(ends) == _RESTARTS and now - ends[0] < _WITHIN_SECONDS:
                raise DevProblem(
                    f"{self._the_process} ended {_RESTARTS + 1} times within {_WITHIN_SECONDS:.0f} seconds, at last "
                    f"with exit code {code}; its log tells why."
                )
            recent = sum(now - end < _WITHIN_SECONDS for end in ends)
            ends.append(now)
            wait = min(_FIRST_WAIT * 2**recent, _LONGEST_WAIT)
            self._log.tell(
                f"the process `{self.part.name}` ended by itself; it is started again", level="warning", exit_code=code
            )
            await asyncio.sleep(wait)
            await self._launch()

    async def stop(self) -> None:
        """End it in order, and wait for that."""
        self._ending = True
        if self._process is not None:
            self._process.end()
            await self._process.wait()

    def kill(self) -> None:
        """End it now."""
        self._ending = True
        if self._process is not None:
            self._process.kill()

    async def _launch(self) -> PartProcess:
        self._process = await PartProcess.launch(self.part, self._log, lock_descriptor=self._lock_descriptor)
        return self._process
