"""A server as a real process, for tests of clients and of the server itself."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from stigmer_server.config import Settings

_START_SECONDS: Final = 300.0
_STOP_SECONDS: Final = 300.0
ADMIN_KEY: Final = "admin-key-of-a-test-server-0123456789"
CLIENT_KEY: Final = "client-key-of-a-test-server-0123456789"
RUNNER_KEY: Final = "runner-key-of-a-test-server-0123456789"


class ServerProcess:
    """`python -m stigmer_server` on free ports of this machine. A context manager; leaving it ends the process.

    `settings` are environment variables of the server (`docs/server.md`); none is inherited from this process. Its keys
    are ADMIN_KEY, CLIENT_KEY and RUNNER_KEY unless the settings name others.
    """

    def __init__(self, data_dir: Path, settings: Mapping[str, str] | None = None) -> None:
        own = {name.upper() for name in Settings.model_fields}
        inherited = {name: value for name, value in os.environ.items() if name not in own}
        self._environment = {
            **inherited,
            "STIGMER_DATA_DIR": str(data_dir),
            "STIGMER_SERVER_PORT": "0",
            "STIGMER_SERVER_HTTP_PORT": "0",
            "STIGMER_SERVER_ADMIN_KEY": ADMIN_KEY,
            "STIGMER_SERVER_CLIENT_KEY": CLIENT_KEY,
            "STIGMER_SERVER_RUNNER_KEY": RUNNER_KEY,
            **(settings or {}),
        }
        self._lines: list[str] = []
        self._arrived: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.grpc_port = 0
        self.http_port = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error::ResourceWarning", "-m", "stigmer_server"],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.grpc_port = int(self.wait_for("gRPC server started")["port"])
        self.http_port = int(self.wait_for("HTTP server started")["port"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self.wait()

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    @property
    def grpc_target(self) -> str:
        """`host:port` for a gRPC channel."""
        return f"127.0.0.1:{self.grpc_port}"

    @property
    def http_url(self) -> str:
        """The beginning of every URL of the HTTP port."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def text(self) -> str:
        """Everything the process has written so far."""
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

    def wait_for(self, event: str) -> dict[str, Any]:
        """The next JSON log line with this event. Raises RuntimeError when it does not come."""
        while True:
            try:
                line = self._arrived.get(timeout=_START_SECONDS)
            except queue.Empty:
                line = None
            if line is None:
                raise RuntimeError(f"the server did not log {event!r}; it wrote:\n{self.text}")
            if line.startswith("{") and json.loads(line).get("event") == event:
                found: dict[str, Any] = json.loads(line)
                return found

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)
            self._arrived.put(line)
        self._arrived.put(None)
