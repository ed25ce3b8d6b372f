"""`stigmer dev`: a whole platform from one command, used by the commands a person would type."""

import json
import os
import pty
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.dev_process import DevProcess, environment, eventually_none_of, processes_of, runner_of

PARCEL = Path(__file__).resolve().parents[2] / "examples" / "parcel" / "spec.yaml"


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevProcess]:
    """A platform in which the example is registered."""
    with DevProcess(tmp_path_factory.mktemp("dev"), "--no-ui") as process:
        process.answer("apply", str(PARCEL))
        yield process


def started(dev: DevProcess, items: int, *, hold: bool = False) -> str:
    """The id of a new run that takes a second for each item."""
    given = {"items": [f"item {number}" for number in range(items)], "hold": hold}
    run: str = dev.answer("start", "parcel", "--input", json.dumps(given))["id"]
    return run


def until_event(dev: DevProcess, run: str, *wanted: str) -> None:
    """Wait until the run has told of this event and task."""
    while not any((event["event_type"], event["task_name"]) == wanted for event in events(dev, run)):
        pass  # each look is a process of its own, which takes its time


def events(dev: DevProcess, run: str) -> list[Any]:
    """The events of a run so far."""
    done = dev.command("logs", run, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_apply_start_watch_result(dev: DevProcess) -> None:
    done = dev.command("start", "parcel", "--input", '{"items": ["a book", "a lamp"]}', "--watch")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"packed": 2, "last": "a lamp", "released": None}
    assert "send completed" in done.stderr
    workflows = dev.answer("list", "workflows")
    assert [workflow["name"] for workflow in workflows] == ["parcel"]


def test_the_key_is_for_its_owner_alone_and_in_no_log(dev: DevProcess) -> None:
    file = dev.folder / ".stigmer" / "credentials"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["endpoint"] == f"grpc://{dev.addresses['grpc']}"
    for name in ("admin-key", "runner-key"):
        key = (dev.folder / ".stigmer" / name).read_text().strip()
        assert len(key) > 40
        assert key not in dev.text


@pytest.mark.extended
def test_a_run_is_paused_goes_on_and_hears_a_signal(dev: DevProcess) -> None:
    run = started(dev, 3, hold=True)
    until_event(dev, run, "task_started", "pack")
    assert dev.command("pause", run, "--reason", "lunch").returncode == 0
    until_event(dev, run, "workflow_paused", "")
    assert [found["id"] for found in dev.answer("list", "--phase", "paused")] == [run]
    assert dev.command("resume", run).returncode == 0
    until_event(dev, run, "task_started", "release")
    assert dev.command("signal", run, "released", "--data", '{"by": "me"}').returncode == 0
    ended = dev.command("watch", run)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["released"] == {"by": "me"}


def test_a_run_survives_the_kill_of_the_runner(dev: DevProcess) -> None:
    run = started(dev, 8)
    until_event(dev, run, "task_completed", "count")
    killed = runner_of(dev.folder)
    os.kill(killed, signal.SIGKILL)
    ended = dev.command("watch", run)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["packed"] == 8
    assert runner_of(dev.folder) != killed
    # The attempt that waited in the killed runner is missed by nobody.
    assert "there no more" not in dev.text
    told = [line for line in dev.text.splitlines() if "the process `runner` ended by itself" in line]
    assert len(told) == 1
    assert json.loads(told[0])["exit_code"] == 137
    numbers = [event["sequence_number"] for event in events(dev, run)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_second_one_in_the_same_folder_is_refused(dev: DevProcess) -> None:
    refused = dev.command("dev")
    assert refused.returncode == 2
    assert f"process {dev.pid}, uses the data folder" in refused.stderr


def test_a_port_that_is_asked_for_and_taken_is_refused(dev: DevProcess, tmp_path: Path) -> None:
    taken = dev.addresses["grpc"].rpartition(":")[2]
    refused = dev.command("dev", "--data-dir", str(tmp_path), "--port", taken)
    assert refused.returncode == 2
    assert f"--port {taken} is taken" in refused.stderr


def test_a_terminal_that_is_closed_ends_all_parts_in_order(tmp_path: Path) -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(tmp_path)
        os.execve(sys.executable, [sys.executable, "-m", "stigmer_runner", "dev", "--no-ui"], environment())
    shown = b""
    while b"Ctrl-C ends it" not in shown:
        shown += os.read(terminal, 4096)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert processes_of(tmp_path) == {}


@pytest.mark.extended
def test_runs_go_on_after_ctrl_c_and_after_a_kill(tmp_path: Path) -> None:
    with DevProcess(tmp_path, "--no-ui") as first:
        first.answer("apply", str(PARCEL))
        run = started(first, 1, hold=True)
        until_event(first, run, "task_started", "release")
        assert first.interrupt() == 0
        assert processes_of(tmp_path) == {}
    with DevProcess(tmp_path, "--no-ui") as second:
        assert second.answer("get", "execution", run)["phase"] == "running"
        second.kill()
    with DevProcess(tmp_path, "--no-ui") as third:
        assert third.command("signal", run, "released", "--data", '{"by": "you"}').returncode == 0
        ended = third.command("watch", run)
        assert json.loads(ended.stdout) == {"packed": 1, "last": "item 0", "released": {"by": "you"}}
        third.kill()
    assert eventually_none_of(tmp_path)
