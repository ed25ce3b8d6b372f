"""The process of a dev server: launched, asked whether it is ready, stopped."""

import asyncio
import contextlib
import signal
import sys
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import deque
from pathlib import Path
from typing import IO, Final, Self

from stigmer_ports.logs import get_logger
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.service import ConnectConfig, RPCError, ServiceClient

from stigmer_runner.temporal_server import guard
from stigmer_runner.temporal_server.problems import DevServerProblem

log = get_logger(__name__)

_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.05
_LINES_KEPT: Final = 20
# That of a server which was told to end before it was far enough to say goodbye.
_BY_SIGTERM: Final = 128 + signal.SIGTERM


class ServerProcess:
    """A server under its guard, which ends it with this process however this process ends."""

    def __init__(self, process: Process, log_file: Path | None) -> None:
        self._process = process
        self._log_file = log_file
        self._lines: deque[str] = deque(maxlen=_LINES_KEPT)
        self._reading = asyncio.create_task(self._read()) if process.stdout is not None else None

    @classmethod
    async def launch(cls, command: list[str], log_file: Path | None) -> Self:
        """Start the command; without a log file what it prints goes to the debug log. Raises DevServerProblem."""
        with contextlib.ExitStack() as stack:
            printed: int | IO[bytes] = PIPE
            if log_file is not None:
                try:
                    printed = stack.enter_context(log_file.open("ab"))
                except OSError as error:
                    reason = (error.strerror or str(error)).lower()
                    raise DevServerProblem(f"The log file {log_file} cannot be written: {reason}.") from None
            # A session of its own: Ctrl-C on a terminal is for us, and we end the server when we are done with it.
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", guard.__file__, *command,
                stdin=PIPE, stdout=printed, stderr=STDOUT, start_new_session=True,
            )  # fmt: skip
        return cls(process, log_file)

    @property
    def pid(self) -> int:
        """The id of the guard."""
        return self._process.pid

    async def ended(self) -> str:
        """Wait for its end; a sentence with the exit code, and the last lines that it printed."""
        code = await self._process.wait()
        if self._log_file is not None:
            said = f"Its log is {self._log_file}."
        else:
            if self._reading is not None:
                await self._reading
            said = "It said:\n" + "\n".join(self._lines) if self._lines else "It said nothing."
        return f"ended with exit code {code}. {said}"

    async def is_ready(self, address: str) -> bool:
        """Wait until the namespace `default` answers. False when the process ended. Raises DevServerProblem."""
        deadline = time.monotonic() + _START_SECONDS
        while self._process.returncode is None:
            try:
                service = await ServiceClient.connect(ConnectConfig(target_host=address))
                await service.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
            except (RuntimeError, RPCError) as error:
                if time.monotonic() > deadline:
                    raise DevServerProblem(
                        f"The Temporal dev server did not answer within {_START_SECONDS:.0f} seconds: {error}."
                    ) from error
                await asyncio.sleep(_LOOK_SECONDS)
            else:
                return True
        return False

    async def stop(self) -> None:
        """End it, and check how it ended. Raises DevServerProblem."""
        if self._process.returncode is not None:
            raise DevServerProblem(f"The Temporal dev server was not stopped, but {await self.ended()}")
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            code = await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        except TimeoutError:
            self.kill()
            raise DevServerProblem("The Temporal dev server did not end when it was told to.") from None
        said = await self.ended()
        if code not in (0, _BY_SIGTERM):
            raise DevServerProblem(f"The Temporal dev server {said}")

    def kill(self) -> None:
        """Let go of it; its guard ends it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._reading is not None:
            self._reading.cancel()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            text = line.decode(errors="replace").rstrip()
            self._lines.append(text)
            log.debug("Temporal dev server", said=text)
