"""A part of the platform: what it is, and its process."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from stigmer_runner.dev.one_log import OneLog
from stigmer_runner.temporal_server import guard

_LONGEST_LINE: Final = 16 * 1024 * 1024
_LAST_LINES_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """How a part is started, and how it shows that it works.

    Attributes:
        name: as the log calls it.
        command: program and arguments.
        environment: all of its variables.
        is_ready: whether it answers.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    is_ready: Callable[[], Awaitable[bool]]


class PartProcess:
    """One process of a part under its guard, which ends it with this process however this process ends.

    Both are a process group: what is left of it when the guard is gone is killed.
    """

    def __init__(self, process: Process, reading: asyncio.Task[None]) -> None:
        self._process = process
        self._reading = reading

    @classmethod
    async def launch(cls, part: Part, log: OneLog, *, lock_descriptor: int) -> Self:
        """Start it; its lines go to the log, and its guard holds the lock of the data folder."""
        # A session of its own: Ctrl-C on a terminal is for us, and we end the parts in order.
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", guard.__file__, *part.command,
            stdin=PIPE, stdout=PIPE, stderr=STDOUT, env=dict(part.environment), start_new_session=True,
            pass_fds=(lock_descriptor,), limit=_LONGEST_LINE,
        )  # fmt: skip
        return cls(process, asyncio.create_task(_read(process, part.name, log), name=f"log of {part.name}"))

    async def wait(self) -> int:
        """Wait for its end; the exit code, 128 + N for a signal N."""
        # Not `Process.wait`: that waits for the end of the pipe, too, which may be held by what the guard left behind.
        while self._process.returncode is None:  # noqa: ASYNC110 - there is no event but that wait
            await asyncio.sleep(_LOOK_SECONDS)
        code = self._process.returncode
        self._kill_rest()
        # A process that it left behind in a session of its own may hold the pipe open.
        await asyncio.wait({self._reading}, timeout=_LAST_LINES_SECONDS)
        return code if code >= 0 else 128 - code

    def end(self) -> None:
        """Ask it to end in order; its guard kills it when that takes too long."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def kill(self) -> None:
        """End it now."""
        self._kill_rest()

    def _kill_rest(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


async def _read(process: Process, name: str, log: OneLog) -> None:
    assert process.stdout is not None
    while True:
        try:
            line = await process.stdout.readline()
        except ValueError:  # a line beyond all bounds; the reader has dropped what it had of it
            continue
        if not line:
            return
        if text := line.decode(errors="replace").rstrip():
            log.line(name, text)
