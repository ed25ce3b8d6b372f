"""A service as a real process, for tests of clients and of the service itself."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from stigmer_dsl import JsonObject

_START_SECONDS = 300.0
_STOP_SECONDS = 300.0


class ServiceProcess:
    """A Python module that runs as a service on ports of this machine. A context manager; leaving it ends the process.

    The service logs JSON lines; it is there when it has told its ports.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        grpc: bool = True,
        http: bool = True,
        folder: Path | None = None,
    ) -> None:
        """Prepare the process.

        Args:
            arguments: what stands behind the name of the interpreter: `-m`, the module, its arguments.
            environment: all variables of the process.
            grpc: whether it opens a gRPC port.
            http: whether it opens an HTTP port.
            folder: where it works; None for the folder of this process.
        """
        self._arguments = tuple(arguments)
        self._environment = dict(environment)
        self._opens_grpc = grpc
        self._opens_http = http
        self._folder = folder
        self._lines: list[str] = []
        self._arrived: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.grpc_port = 0
        self.http_port = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - a module of ours
            [sys.executable, *self._arguments],
            env=self._environment,
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self._learn_ports()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            # Two different ones: two equal signals in a row may arrive as one, and the grace would be waited for.
            self.signal(signal.SIGTERM)
            self.signal(signal.SIGINT)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self.wait()

    @property
    def grpc_target(self) -> str:
        """`host:port` for a gRPC channel."""
        return f"127.0.0.1:{self.grpc_port}"

    @property
    def http_url(self) -> str:
        """The beginning of every URL of the HTTP port."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    @property
    def text(self) -> str:
        """Everything the process has written so far, standard output and error together."""
        return "".join(self._lines)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End the process as a power cut would: without a word to it."""
        self._process.kill()
        self.wait()

    def wait(self) -> int:
        """Wait for the end of the process; its exit code."""
        code = self._process.wait(_STOP_SECONDS)
        self._reader.join(_STOP_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return code

    def wait_for(self, event: str) -> JsonObject:
        """The next JSON log line with this event. Raises RuntimeError when it does not come."""
        while True:
            try:
                line = self._arrived.get(timeout=_START_SECONDS)
            except queue.Empty:
                line = None
            if line is None:
                raise RuntimeError(f"the process did not log {event!r}; it wrote:\n{self.text}")
            if line.startswith("{") and json.loads(line).get("event") == event:
                found: JsonObject = json.loads(line)
                return found

    def _learn_ports(self) -> None:
        if self._opens_grpc:
            self.grpc_port = int(self.wait_for("gRPC server started")["port"])
        if self._opens_http:
            self.http_port = int(self.wait_for("HTTP server started")["port"])

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)
            self._arrived.put(line)
        self._arrived.put(None)


def inherited(passes: Callable[[str], bool]) -> dict[str, str]:
    """Those variables of this process whose names pass."""
    return {name: value for name, value in os.environ.items() if passes(name)}
