"""Processes that try to get away, or to get at the runner; and a runner that goes away first."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from stigmer_engine import EngineConfig, Execution, Status
from stigmer_engine.processes import ProcessConfig
from stigmer_engine.processes.config import Namespaces
from stigmer_engine.testing.process_watch import Marked
from stigmer_engine.testing.runs import OpenRuns, Runs

HEADER = "document: {dsl: '1.0.3', namespace: tests, name: processes, version: '1.0.0'}\n"
KEY = "sk-the-key-of-the-runner"

RUNNER = """
import asyncio, json, sys
from stigmer_engine import Engine, EngineConfig
from stigmer_engine.processes import ProcessConfig

async def main():
    processes = ProcessConfig(allow_shell=True, allow_script=True, namespaces=sys.argv[1])
    async with Engine(EngineConfig(processes=processes)) as engine:
        result = await engine.start(engine.load(sys.stdin.read())).wait()
        print(json.dumps([str(result.status), result.output, result.error and result.error.to_json()]))

asyncio.run(main())
"""

DAEMON = """
import os, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        for number in range(3):
            os.close(number)
        os.execvp('sleep', ['sleep', sys.argv[1]])
    os._exit(0)
os.wait()
"""


@pytest.fixture(params=["auto", "off"])
def namespaces(request: pytest.FixtureRequest) -> Namespaces:
    chosen: Namespaces = request.param
    return chosen


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder


@pytest.fixture
async def runs(namespaces: Namespaces, open_runs: OpenRuns, folder: Path) -> AsyncIterator[Runs]:
    processes = ProcessConfig(allow_shell=True, allow_script=True, namespaces=namespaces, folder=folder)
    async with open_runs(EngineConfig(processes=processes)) as opened:
        yield opened


def shell(command: str, rest: str = "", task: str = "") -> str:
    return f"do: [{{a: {{run: {{shell: {{command: {json.dumps(command)}}}{rest}}}{task}}}}}]"


def daemon(marked: Marked, command: str = "") -> str:
    return f"""
do:
  - a:
      run:
        script:
          language: python
          code: {json.dumps(DAEMON + command)}
          arguments: ['{marked.seconds}']
"""


async def start(runs: Runs, text: str) -> Execution:
    return runs.engine.start(await runs.engine.load_async(HEADER + text))


def start_runner(namespaces: str, text: str, folder: Path) -> "subprocess.Popen[str]":
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, namespaces],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "STIGMER_SERVICE_API_KEY": KEY, "TMPDIR": str(folder)},
    )
    assert runner.stdin is not None
    runner.stdin.write(HEADER + text)
    runner.stdin.close()
    return runner


def finish(runner: "subprocess.Popen[str]") -> str:
    assert runner.stdout is not None
    with runner.stdout:
        said = runner.stdout.read()
    assert runner.wait() == 0
    return said


async def test_what_is_left_when_a_process_ends_is_killed(runs: Runs) -> None:
    marked = Marked()
    assert await runs.output(shell(f"{marked.sleeper} & {marked.sleeper} >/dev/null 2>&1 & echo done")) == "done\n"
    assert marked.alive == []


async def test_a_daemon_is_killed_when_its_process_ends(runs: Runs) -> None:
    marked = Marked()
    assert await runs.output(daemon(marked)) == ""
    assert marked.alive == []


async def test_cancel_has_killed_everything_when_it_is_reported(runs: Runs) -> None:
    marked = Marked()
    command = f"trap '' TERM INT HUP; (trap '' TERM; {marked.sleeper}) & setsid {marked.sleeper} & {marked.sleeper}"
    execution = await start(runs, shell(command))
    await marked.started(3)
    execution.cancel("enough")
    assert (await execution.wait()).status is Status.CANCELLED
    assert marked.alive == []


async def test_cancel_kills_daemons(runs: Runs) -> None:
    marked = Marked()
    execution = await start(runs, daemon(marked, "\nimport time\ntime.sleep(1000)"))
    await marked.started()
    execution.cancel()
    await execution.wait()
    assert marked.alive == []


async def test_a_timeout_of_the_task_kills_everything_before_it_is_caught(runs: Runs) -> None:
    marked = Marked()
    process = f"{{run: {{shell: {{command: '{marked.sleeper} & {marked.sleeper}'}}}}, timeout: {{after: PT0.5S}}}}"
    text = f"do: [{{t: {{try: [{{a: {process}}}], catch: {{as: e, do: [{{b: {{set: '${{ $e.status }}'}}}}]}}}}}}]"
    assert await runs.output(text) == 408
    assert marked.alive == []


async def test_cancelled_at_any_moment_nothing_is_left(runs: Runs, folder: Path) -> None:
    marked = Marked()
    for wait in range(12):
        execution = await start(runs, shell(f"{marked.sleeper} & {marked.sleeper}"))
        await asyncio.sleep(wait * 0.01)
        execution.cancel()
        await execution.wait()
        assert marked.alive == []
        assert os.listdir(folder) == []


async def test_a_paused_run_lets_its_process_finish(runs: Runs, tmp_path: Path) -> None:
    begun, go = tmp_path / "begun", tmp_path / "go"
    command = f"touch {begun}; until [ -e {go} ]; do sleep 0.01; done; echo went"
    text = shell(command).removesuffix("]") + ", {b: {set: '${ {said: .} }'}}]"
    execution = await start(runs, text)
    async with asyncio.timeout(300):
        while not begun.exists():  # noqa: ASYNC110 - the process is no coroutine
            await asyncio.sleep(0.01)
        execution.pause()
        go.touch()
        async for event in execution.log.follow():
            if event.status is Status.PAUSED:
                break
    execution.resume()
    assert (await execution.wait()).output == {"said": "went\n"}


async def test_a_process_that_nobody_waits_for_outlives_its_run_but_not_the_engine(
    namespaces: Namespaces, open_runs: OpenRuns
) -> None:
    marked = Marked()
    processes = ProcessConfig(allow_shell=True, namespaces=namespaces)
    async with open_runs(EngineConfig(processes=processes)) as runs:
        assert await runs.output(shell(marked.sleeper, ", await: false"), {"given": 1}) == {"given": 1}
        await marked.started()
    assert marked.alive == []


async def test_the_runners_key_cannot_be_read(namespaces: Namespaces, folder: Path) -> None:
    command = """
env
for process in /proc/[0-9]*; do tr '\\0' '\\n' < $process/environ; tr '\\0' '\\n' < $process/cmdline; done
"""
    text = f"""
do: [{{a: {{run: {{shell: {{command: {json.dumps(command)}, environment: {{SEEN: yes-it-is}}}}, return: all}}}}}}]
"""
    said = await asyncio.to_thread(finish, start_runner(namespaces, text, folder))
    status, output, _ = json.loads(said)
    assert status == "completed"
    # It reads what it may, its own environment among it, twice.
    assert output["stdout"].count("SEEN=yes-it-is") >= 2
    assert KEY not in said


async def test_the_runners_memory_cannot_be_read(namespaces: Namespaces, folder: Path) -> None:
    code = """
import os
for process in filter(str.isdigit, os.listdir('/proc')):
    if int(process) == os.getpid():
        continue
    try:
        name = open(f'/proc/{process}/cmdline').read()
        open(f'/proc/{process}/mem', 'rb').close()
    except OSError:
        continue
    if 'stigmer_engine' in name or 'launcher' in name:
        print('could open the memory of', name)
print('done')
"""
    text = f"do: [{{a: {{run: {{script: {{language: python, code: {json.dumps(code)}}}}}}}}}]"
    said = await asyncio.to_thread(finish, start_runner(namespaces, text, folder))
    assert json.loads(said)[1] == "done\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_what_runs_dies_with_the_runner(namespaces: Namespaces, number: signal.Signals, folder: Path) -> None:
    marked = Marked()
    runner = start_runner(namespaces, shell(f"setsid {marked.sleeper} & {marked.sleeper}"), folder)
    await marked.started(2)
    assert len(os.listdir(folder)) == 1
    runner.send_signal(number)
    assert await asyncio.to_thread(runner.wait) == -number
    assert runner.stdout is not None
    runner.stdout.close()
    await marked.ended()
    async with asyncio.timeout(300):
        while os.listdir(folder):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def test_a_supervisor_that_is_killed_takes_its_process_along(runs: Runs) -> None:
    marked = Marked()
    execution = await start(runs, shell(f"exec {marked.sleeper}"))
    await marked.started()
    [pid] = marked.alive
    os.kill(_supervisor(pid), signal.SIGKILL)
    result = await execution.wait()
    assert result.error is not None
    assert result.error.title == "The process was lost"
    await marked.ended()


def _supervisor(pid: int) -> int:
    """The outermost of its parents that is the launcher."""
    found = pid
    while True:
        parent = int(Path(f"/proc/{found}/stat").read_text().rpartition(")")[2].split()[1])
        if "launcher" not in Path(f"/proc/{parent}/cmdline").read_text():
            assert found != pid
            return found
        found = parent


async def test_a_process_cannot_reach_its_supervisor_in_a_namespace(open_runs: OpenRuns) -> None:
    processes = ProcessConfig(allow_shell=True, namespaces="require")
    async with open_runs(EngineConfig(processes=processes)) as runs:
        result = await runs.result(shell("kill -9 $PPID; kill -9 -1; kill -9 0; echo alive", ", return: all"))
        if result.error is not None and result.error.title == "The process cannot be isolated":
            # This kernel lets nobody have namespaces, and the operator wants no process without.
            assert result.error.type.endswith("configuration")
        else:
            assert isinstance(result.output, dict)
            assert (result.output["code"], result.output["stdout"]) == (137, "")
