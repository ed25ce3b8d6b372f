"""Processes that want too much: each limit has its fault, and nothing outlives it."""

import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from stigmer_engine import EngineConfig
from stigmer_engine.processes import ProcessConfig, ProcessLimits
from stigmer_engine.processes.config import Namespaces
from stigmer_engine.testing.process_watch import Marked
from stigmer_engine.testing.runs import OpenRuns, Runs

MIB = 1024 * 1024
SMALL = ProcessLimits(memory_bytes=128 * MIB, tasks=24, output_bytes=10_000, open_files=32, file_bytes=MIB)
OpenLimited = Callable[[ProcessLimits], Awaitable[Runs]]


@pytest.fixture(params=["auto", "off"])
async def limited(request: pytest.FixtureRequest, open_runs: OpenRuns) -> AsyncIterator[OpenLimited]:
    namespaces: Namespaces = request.param
    async with AsyncExitStack() as stack:

        async def run(limits: ProcessLimits) -> Runs:
            processes = ProcessConfig(allow_shell=True, allow_script=True, limits=limits, namespaces=namespaces)
            return await stack.enter_async_context(open_runs(EngineConfig(processes=processes)))

        yield run


def shell(command: str, rest: str = "") -> str:
    return f"do: [{{a: {{run: {{shell: {{command: {json.dumps(command)}}}{rest}}}}}}}]"


def script(code: str, language: str = "python") -> str:
    return f"do: [{{a: {{run: {{script: {{language: {language}, code: {json.dumps(code)}}}}}}}}}]"


@pytest.mark.parametrize("stream", ["", " >&2"])
async def test_endless_output(limited: OpenLimited, stream: str) -> None:
    runs = await limited(SMALL)
    error = await runs.error(shell(f"yes{stream}", ", return: all"))
    assert error == ("runtime", 500, "The process wrote too much: more than 10000 bytes")


async def test_as_much_output_as_is_allowed(limited: OpenLimited) -> None:
    runs = await limited(SMALL)
    command = "head -c 6000 /dev/zero | tr '\\0' a; head -c 4000 /dev/zero | tr '\\0' b >&2"
    assert await runs.output(shell(command, ", return: all")) == {
        "code": 0,
        "stdout": "a" * 6000,
        "stderr": "b" * 4000,
    }
    kind, _, _ = await runs.error(shell(f"{command}; echo", ", return: all"))
    assert kind == "runtime"


async def test_time(limited: OpenLimited) -> None:
    marked = Marked()
    runs = await limited(replace(SMALL, wall_seconds=0.5))
    error = await runs.error(shell(f"trap '' TERM INT HUP; {marked.sleeper} & {marked.sleeper}"))
    assert error == ("timeout", 408, "The process ran too long: more than 0.5 s")
    assert marked.alive == []


@pytest.mark.parametrize("command", ["while :; do :; done", "for i in 1 2 3; do (while :; do :; done) & done; wait"])
async def test_processor_time(limited: OpenLimited, command: str) -> None:
    runs = await limited(replace(SMALL, cpu_seconds=0.4))
    error = await runs.error(shell(command))
    assert error == ("runtime", 500, "The process used too much processor time: more than 0.4 s")


async def test_memory_of_one_process(limited: OpenLimited) -> None:
    runs = await limited(SMALL)
    kind, status, sentence = await runs.error(script("hog = bytearray(512 << 20)"))
    assert (kind, status) == ("runtime", 500)
    assert sentence.endswith("MemoryError")


async def test_memory_of_all_processes_together(limited: OpenLimited) -> None:
    code = """
import os, time
for _ in range(4):
    if os.fork() == 0:
        hog = bytearray(b'x' * (60 << 20))
        time.sleep(1000)
time.sleep(1000)
"""
    runs = await limited(SMALL)
    assert await runs.error(script(code)) == (
        "runtime",
        500,
        "The process used too much memory: more than 128 MiB",
    )


async def test_memory_that_processes_share_counts_once(limited: OpenLimited) -> None:
    code = """
import os, time
shared = b'x' * (60 << 20)
children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        time.sleep(0.5)
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)
print('done')
"""
    runs = await limited(SMALL)
    assert await runs.output(script(code)) == "done\n"


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not on this machine")
async def test_memory_of_node(limited: OpenLimited) -> None:
    runs = await limited(replace(SMALL, memory_bytes=256 * MIB, output_bytes=MIB))
    code = "const hog = []; for (;;) { hog.push(new Array(100000).fill(hog.length)) }"
    kind, status, sentence = await runs.error(script(code, "js"))
    assert (kind, status) == ("runtime", 500)
    assert sentence.startswith(("The process failed: exit code 1", "The process used too much memory"))


async def test_a_bomb_of_processes(limited: OpenLimited) -> None:
    marked = Marked()
    # Bounded all the same.
    code = f"""
import os, time
try:
    for _ in range(300):
        if os.fork() == 0:
            os.execvp('sleep', ['sleep', '{marked.seconds}'])
except BlockingIOError:
    pass
time.sleep(1000)
"""
    runs = await limited(SMALL)
    error = await runs.error(script(code))
    assert error == ("runtime", 500, "The process started too many others: more than 24 at a time")
    assert marked.alive == []


@pytest.mark.parametrize("step", ["hop &", 'setsid sh -c "$HOP" hop "$1" &'])
async def test_processes_that_keep_moving(limited: OpenLimited, step: str) -> None:
    """Each starts the next one and ends: there is never anything to get hold of for long."""
    marked = Marked()
    text = f"""
do:
  - a:
      run:
        shell:
          command: 'hop() {{ {step} exit; }}; (hop); sleep 1000'
          environment: {{HOP: 'setsid sh -c "$HOP" hop "$1" & exit'}}
          arguments: ['{marked.seconds}']
"""
    runs = await limited(replace(SMALL, wall_seconds=0.7, tasks=200))
    kind, status, _ = await runs.error(text)
    assert (kind, status) in (("timeout", 408), ("runtime", 500))
    assert marked.alive == []


async def test_a_bomb_of_threads(limited: OpenLimited) -> None:
    code = """
import threading, time
for _ in range(200):
    threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
time.sleep(1000)
"""
    runs = await limited(SMALL)
    kind, status, sentence = await runs.error(script(code))
    assert (kind, status) == ("runtime", 500)
    # Some versions of Python crash where a thread cannot be had, instead of saying so.
    assert "too many others" in sentence or "can't start new thread" in sentence or "exit code 139" in sentence


async def test_open_files(limited: OpenLimited) -> None:
    runs = await limited(SMALL)
    _, _, sentence = await runs.error(script("files = [open('/dev/null') for _ in range(100)]"))
    assert "Too many open files" in sentence


async def test_the_size_of_a_file(limited: OpenLimited) -> None:
    runs = await limited(SMALL)
    _, _, sentence = await runs.error(script("open('large', 'wb').write(bytes(2 << 20))"))
    assert "File too large" in sentence


async def test_no_more_than_so_many_at_a_time(open_runs: OpenRuns) -> None:
    processes = ProcessConfig(allow_shell=True, concurrent=1)
    async with open_runs(EngineConfig(processes=processes)) as runs:
        command = "date +%s%N; sleep 0.1; date +%s%N"
        text = f"""
do:
  - both:
      fork:
        branches:
          - a: {{run: {{shell: {{command: '{command}'}}}}}}
          - b: {{run: {{shell: {{command: '{command}'}}}}}}
"""
        outputs = await runs.output(text)
        assert isinstance(outputs, list)
        first, second = sorted([int(moment) for moment in str(output).split()] for output in outputs)
        assert first[1] <= second[0]
