"""The pieces of `stigmer dev`, with processes that are no platform."""

import asyncio
import io
import json
import os
import signal
import socket
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from stigmer_runner.cli import app
from stigmer_runner.credentials import Credentials, CredentialsProblem
from stigmer_runner.dev.data_folder import open_data_folder
from stigmer_runner.dev.one_log import JsonLog, PrettyLog
from stigmer_runner.dev.part import Part
from stigmer_runner.dev.ports import HOST, WantedPorts, choose_ports
from stigmer_runner.dev.problems import DevProblem
from stigmer_runner.dev.supervision import Supervised

SLEEP_WITH_CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


class Recorded:
    """A log that can be looked at."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.told: list[str] = []
        self.arrived = asyncio.Event()

    def line(self, component: str, text: str) -> None:  # noqa: ARG002
        self.lines.append(text)
        self.arrived.set()

    def tell(self, text: str, *, level: str = "info", **fields: Any) -> None:  # noqa: ARG002
        self.told.append(text)


def part(*command: str) -> Part:
    async def ready() -> bool:
        return True

    return Part(name="runner", command=command, environment=dict(os.environ), is_ready=ready)


async def supervised(program: str, log: Recorded, lock: int) -> Supervised:
    one = Supervised(part(sys.executable, "-c", program), log, lock_descriptor=lock)
    await one.start()
    return one


def lives(process_id: int) -> bool:
    """Whether it runs; what has ended, and nobody has asked for, has no command line."""
    try:
        return Path(f"/proc/{process_id}/cmdline").read_bytes() != b""
    except FileNotFoundError:
        return False


async def test_a_part_that_ends_again_and_again_is_given_up(tmp_path: Path) -> None:
    log = Recorded()
    async with open_data_folder(tmp_path, log.tell) as folder:
        one = await supervised("raise SystemExit(3)", log, folder.lock_descriptor)
        with pytest.raises(DevProblem, match="ended 6 times within 60 seconds, at last with exit code 3"):
            await one.keep()
    assert log.told == ["the process `runner` ended by itself; it is started again"] * 5


async def test_what_a_killed_guard_leaves_is_killed_and_the_part_starts_again(tmp_path: Path) -> None:
    log = Recorded()
    async with open_data_folder(tmp_path, log.tell) as folder:
        one = await supervised(SLEEP_WITH_CHILD, log, folder.lock_descriptor)
        keeping = asyncio.create_task(one.keep())
        await log.arrived.wait()
        grandchild = int(log.lines[0])
        log.arrived.clear()
        guard = os.getsid(grandchild)
        os.kill(guard, signal.SIGKILL)
        await log.arrived.wait()
        assert not lives(grandchild)
        await one.stop()
        await keeping
    assert len(log.lines) == 2


async def test_a_folder_is_used_by_one_at_a_time_and_inherited_by_its_processes(tmp_path: Path) -> None:
    log = Recorded()
    async with open_data_folder(tmp_path, log.tell):
        with pytest.raises(DevProblem, match=f"process {os.getpid()}, uses the data folder"):
            async with open_data_folder(tmp_path, log.tell):
                pass
    async with open_data_folder(tmp_path, log.tell) as again:
        key = again.key("admin")
        assert again.key("admin") == key
        assert stat.S_IMODE((tmp_path / "admin-key").stat().st_mode) == 0o600
    assert (tmp_path / ".gitignore").read_text() == "*\n"


def test_a_taken_port_is_replaced_and_told() -> None:
    told: list[str] = []
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DevProblem, match=f"--port {port} is taken"):
            choose_ports(WantedPorts(grpc=port), told.append, ui=True)
    with socket.create_server((HOST, 0)) as probe:
        free = probe.getsockname()[1]
    ports = choose_ports(WantedPorts(grpc=free), told.append, ui=False)
    assert ports.grpc == free
    assert ports.temporal_ui is None
    assert len({ports.grpc, ports.page, ports.temporal, ports.runner_grpc, ports.runner_http}) == 5


def test_lines_of_all_kinds_say_whose_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    line = '{"event": "gRPC server started", "level": "info", "timestamp": "2026-01-02T03:04:05Z", "port": 7}'
    JsonLog().line("server", line)
    JsonLog().line("temporal", "{ no JSON")
    JsonLog().tell("ready", page="http://127.0.0.1:1")
    first, second, third = (json.loads(text) for text in capsys.readouterr().err.splitlines())
    assert (first["component"], first["port"]) == ("server", 7)
    assert (second["component"], second["event"]) == ("temporal", "{ no JSON")
    assert (third["component"], third["page"]) == ("dev", "http://127.0.0.1:1")
    PrettyLog().line("server", line)
    PrettyLog().line("runner", line.replace("info", "error"))
    shown, bad = capsys.readouterr().err.splitlines()
    assert shown.endswith("server   | gRPC server started  port=7")
    assert "| error: gRPC server started" in bad


def test_what_a_part_writes_steers_no_terminal_and_looks_like_no_line_of_another(
    capsys: pytest.CaptureFixture[str],
) -> None:
    PrettyLog().line("runner", json.dumps({"event": "failed", "why": "a\x1b[2J\r\n00:00:00 dev      | all is well"}))
    shown = capsys.readouterr().err.splitlines()
    assert [line.lstrip() for line in shown[1:]] == ["00:00:00 dev      | all is well"]
    assert shown[1].startswith(" " * len("00:00:00 runner   | "))
    assert shown[0].endswith("failed  why=a [2J ")


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.delenv("NO_COLOR", raising=False)
    PrettyLog().tell("in colours")
    monkeypatch.setenv("NO_COLOR", "1")
    PrettyLog().tell("without")
    coloured, plain = terminal.getvalue().splitlines()
    assert "\x1b[" in coloured
    assert "\x1b" not in plain


def test_credentials_are_written_for_one_owner_and_read_again(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_text("old")
    file.chmod(0o644)
    known = Credentials(endpoint="grpc://127.0.0.1:1", url="http://127.0.0.1:2", api_key="a-key")
    known.write(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert Credentials.read(file) == known
    assert "a-key" not in repr(known)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"endpoint": 1, "api_key": "k"}', "\x00"])
def test_a_file_that_holds_no_credentials_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "credentials"
    file.write_text(text)
    with pytest.raises(CredentialsProblem, match=r"is no credentials file"):
        Credentials.read(file)


def test_a_command_of_a_package_that_is_not_there_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "entry_points", lambda **_: ())
    done = CliRunner().invoke(app.stigmer, ["server"])
    assert done.exit_code == 2
    assert "`pip install stigmer-server`" in done.output


def test_the_server_brings_its_command() -> None:
    done = CliRunner().invoke(app.stigmer, ["server", "--help"])
    assert done.exit_code == 0
    assert "rotate-secret-keys" in done.output
