"""`stigmer dev` as a real process, its commands, and the processes of its tree."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from stigmer_ports.testing import ServiceProcess

_LONGEST_SECONDS = 300.0
_SERVICE = ("STIGMER_SERVICE_ENDPOINT", "STIGMER_SERVICE_API_KEY", "STIGMER_SERVICE_URL")


class DevProcess(ServiceProcess):
    """`stigmer dev` in a folder, on free ports. A context manager; leaving it ends the process."""

    def __init__(self, folder: Path, *options: str) -> None:
        arguments = ["-m", "stigmer_runner", "dev", "--json-logs", *options]
        super().__init__(arguments, environment(), grpc=False, http=False, folder=folder)
        self.folder = folder

    def __enter__(self) -> Self:
        super().__enter__()
        try:
            self.addresses: dict[str, Any] = self.wait_for("ready")
        except BaseException:
            self.interrupt()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Once: a second signal would end its parts in a hurry.
        self.interrupt()

    def interrupt(self) -> int:
        """Do as Ctrl-C; the exit code."""
        self.signal(signal.SIGINT)
        return self.wait()

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
