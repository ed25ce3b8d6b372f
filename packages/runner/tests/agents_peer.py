"""A Stigmer service with agents as a process of its own, which may die and come back: see `grpcio_agents.py`."""

import asyncio
import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

KEY = "key-of-the-service-0815"
_SCRIPT = Path(__file__).with_name("grpcio_agents.py")
_PATIENCE_SECONDS = 60


class AgentsPeer:
    """The service on a port that stays its own. A context manager."""

    def __init__(self, folder: Path, stubs: Path) -> None:
        self._folder = folder
        (folder / "stubs").symlink_to(stubs)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = probe.getsockname()[1]
        self._process: subprocess.Popen[str] | None = None

    @property
    def endpoint(self) -> str:
        """`host:port`."""
        return f"127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start the process; returns when it listens."""
        self._process = subprocess.Popen(
            [sys.executable, str(_SCRIPT), str(self._folder), KEY, str(self._port)], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "listening\n"

    def kill(self) -> None:
        """End the process as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def reap(self) -> None:
        """Wait for a process that ends by itself."""
        assert self._process is not None
        self._process.communicate()
        self._process = None

    def behave(self, **behaviour: Any) -> None:
        """Change the service.

        Args:
            behaviour: `refuse` {method: [status, how often]}, `mint` ids of its own, `die` in `create` (once),
                `silent` streams, `short_streams` of one message.
        """
        (self._folder / "behaviour.json").write_text(json.dumps(behaviour))

    def release(self, text: str) -> None:
        """Let agents that wait answer."""
        (self._folder / "release").write_text(text)

    def calls(self, method: str) -> list[dict[str, Any]]:
        """The requests of all calls of a method so far."""
        path = self._folder / "calls.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [line["request"] for line in lines if line["method"] == method]

    @property
    def log(self) -> str:
        """All calls, for whoever looks for a reason."""
        return (self._folder / "calls.jsonl").read_text()

    def runs(self) -> list[str]:
        """The ids of all runs."""
        return sorted(path.stem for path in self._folder.glob("*.run"))

    def until(self, method: str, times: int = 1) -> None:
        """Wait for calls of a method. Raises RuntimeError when they do not come at all."""
        given_up = time.monotonic() + _PATIENCE_SECONDS
        while len(self.calls(method)) < times:
            if time.monotonic() > given_up:
                raise RuntimeError(f"no {times}. call of {method}; there were {self.log}")
            time.sleep(0.02)

    async def until_called(self, method: str, times: int = 1) -> None:
        """`until` on an event loop."""
        await asyncio.to_thread(self.until, method, times)
