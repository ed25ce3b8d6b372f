"""`stigmer dev` as a real process, its commands, and the processes of its tree."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_LONGEST_SECONDS = 300.0
_SERVICE = ("STIGMER_SERVICE_ENDPOINT", "STIGMER_SERVICE_API_KEY", "STIGMER_SERVICE_URL")


class DevProcess:
    """`stigmer dev` in a folder, on free ports. A context manager; leaving it ends the process."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self._options = options
        self._arrived: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._lines: list[str] = []

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "stigmer_runner", "dev", "--json-logs", *self._options],
            cwd=self.folder,
            env=environment(),
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.addresses = self.wait_for("ready")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        self.wait()

    @property
    def text(self) -> str:
        """Everything it has written so far."""
        return "".join(self._lines)

    @property
    def pid(self) -> int:
        """The id of the process at the top."""
        return self._process.pid

    def interrupt(self) -> int:
        """Do as Ctrl-C; the exit code."""
        self._process.send_signal(signal.SIGINT)
        return self.wait()

    def kill(self) -> None:
        """End the process at the top as a power cut would."""
        self._process.kill()
        self.wait()

    def wait(self) -> int:
        """Wait for its end; the exit code."""
        code = self._process.wait(_LONGEST_SECONDS)
        self._reader.join(_LONGEST_SECONDS)
        if self._process.stderr is not None:
            self._process.stderr.close()
        return code

    def wait_for(self, event: str) -> dict[str, Any]:
        """The next line of the log with this event."""
        while True:
            try:
                line = self._arrived.get(timeout=_LONGEST_SECONDS)
            except queue.Empty:
                line = None
            assert line is not None, f"`stigmer dev` did not log {event!r}; it wrote:\n{self.text}"
            if line.get("event") == event:
                return line

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `stigmer` in the folder, without naming the service."""
        return subprocess.run(
            [sys.executable, "-m", "stigmer_runner", *arguments],
            cwd=self.folder,
            env=environment(),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_LONGEST_SECONDS,
        )

    def answer(self, *arguments: str) -> Any:
        """The JSON that a command prints; it must succeed."""
        done = self.command(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def processes(self) -> dict[int, str]:
        """Id and command line of every process below the one at the top."""
        return processes_of(self.folder)

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._lines.append(line)
            if line.startswith("{"):
                self._arrived.put(json.loads(line))
        self._arrived.put(None)


def environment() -> dict[str, str]:
    """The environment without a service in it."""
    return {name: value for name, value in os.environ.items() if name not in _SERVICE}


def processes_of(folder: Path) -> dict[int, str]:
    """Id and command line of every process that a variable or an argument ties to the data folder."""
    found: dict[int, str] = {}
    mark = str(folder / ".stigmer").encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command, variables = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
        except OSError:
            continue
        if command and mark in command + variables:
            found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace").strip()
    return found


def runner_of(folder: Path) -> int:
    """The id of the runner itself, not of its guard."""
    found = [
        number
        for number, command in processes_of(folder).items()
        if command.endswith("-m stigmer_runner serve") and "guard" not in command
    ]
    assert len(found) == 1, found
    return found[0]


def eventually_none_of(folder: Path) -> bool:
    """Whether all processes of the folder have ended, or end soon."""
    end = time.monotonic() + _LONGEST_SECONDS
    while processes_of(folder):
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True
