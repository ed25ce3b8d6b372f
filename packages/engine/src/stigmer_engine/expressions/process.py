"""A child process that evaluates jq, seen from the parent."""

import asyncio
import os
import select
import signal
import subprocess
import sys
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from stigmer_engine.expressions import worker
from stigmer_engine.expressions.program import Program

_SCRIPT = str(Path(worker.__file__))
_SLICE_SECONDS = 0.2


class WorkerDied(Exception):
    """The child ended in mid-request. `out_of_time` tells a spent budget from a crash or a lack of memory."""

    def __init__(self, *, out_of_time: bool) -> None:
        super().__init__("out of time" if out_of_time else "ended")
        self.out_of_time = out_of_time


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole answer of the child: `worker.VALUE` with JSON text, or `worker.FAILURE` with jq's complaint."""

    status: int
    body: bytes


class Worker:
    """One child process. Serves one request at a time; after any interruption it must be killed, never reused:
    its late answer would otherwise be taken for the answer to the next request."""

    def __init__(self, *, budget_seconds: float, memory_bytes: int) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own script, no user text among the arguments
            [sys.executable, "-I", _SCRIPT, str(budget_seconds), str(memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"TZ": "UTC", "LC_ALL": "C.UTF-8"},
            cwd="/",
            start_new_session=True,
            bufsize=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._write_fd = self._process.stdin.fileno()
        self._read_fd = self._process.stdout.fileno()
        self._poll = select.poll()
        self._poll.register(self._read_fd, select.POLLIN)
        self._ready = False
        self._request = 0
        self._buffer = bytearray()
        self._known: OrderedDict[int, None] = OrderedDict()

    @property
    def alive(self) -> bool:
        """Whether the child still runs."""
        return self._process.poll() is None

    def send(self, program: Program, arguments: bytes) -> None:
        """Write one request. The program's text travels the first time only.

        Raises:
            WorkerDied: the child has gone.
        """
        self._request = (self._request + 1) % (1 << 32)
        text = b"" if program.number in self._known else program.text.encode(errors="replace")
        self._known[program.number] = None
        self._known.move_to_end(program.number)
        if len(self._known) > worker.PROGRAMS_KEPT:
            self._known.popitem(last=False)
        head = worker.REQUEST.pack(self._request, program.number, len(text), len(arguments))
        view = memoryview(head + text + arguments)
        try:
            while view:
                view = view[os.write(self._write_fd, view) :]
        except OSError:
            raise self._died() from None

    def wait(self, seconds: float) -> Reply | None:
        """Block until the answer is complete, at most `seconds`; None when it is not.

        Raises:
            WorkerDied: the child has gone.
        """
        deadline = time.monotonic() + seconds
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return None
            # In slices: an exception that another thread raises in this one gets its turn between two of them.
            if not self._poll.poll(min(remaining, _SLICE_SECONDS) * 1000):
                continue
            reply = self._read()
            if reply is not None:
                return reply

    async def wait_async(self, seconds: float) -> Reply | None:
        """Like `wait`, leaving the event loop to others meanwhile."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Reply] = loop.create_future()
        loop.add_reader(self._read_fd, self._on_readable, done)
        try:
            async with asyncio.timeout(seconds):
                return await done
        except TimeoutError:
            return None
        finally:
            loop.remove_reader(self._read_fd)

    def kill(self) -> None:
        """End the child at once. Safe to call twice."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _on_readable(self, done: "asyncio.Future[Reply]") -> None:
        if done.done():
            return
        try:
            reply = self._read()
        except WorkerDied as error:
            done.set_exception(error)
        else:
            if reply is not None:
                done.set_result(reply)

    def _read(self) -> Reply | None:
        # What a pipe holds at most; a larger buffer would be mapped and unmapped for every answer, at 12 us.
        chunk = os.read(self._read_fd, 1 << 16)
        if not chunk:
            raise self._died()
        self._buffer += chunk
        if not self._ready and self._buffer.startswith(worker.READY):
            del self._buffer[: len(worker.READY)]
            self._ready = True
        if len(self._buffer) < worker.REPLY.size:
            return None
        number, status, size = worker.REPLY.unpack_from(self._buffer)
        if number != self._request:
            raise WorkerDied(out_of_time=False)
        if len(self._buffer) < worker.REPLY.size + size:
            return None
        reply = Reply(status, bytes(self._buffer[worker.REPLY.size :]))
        self._buffer.clear()
        return reply

    def _died(self) -> WorkerDied:
        return WorkerDied(out_of_time=self._process.wait() == -signal.SIGPROF)
