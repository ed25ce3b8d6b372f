"""`stigmer run --runtime temporal` on a real dev server: the same as `--runtime process`, and what is its own."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from stigmer_engine.runtimes.temporal import TemporalExecutions
from stigmer_engine.runtimes.temporal.payloads import PayloadsConfig, data_converter
from stigmer_runner.cli.running import RunOptions
from stigmer_runner.cli.temporal_options import TemporalOptions
from stigmer_runner.cli.temporal_run import start_on_temporal
from stigmer_runner.testing import RunnerProcess
from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.worker import Worker

HEADER = "document: {dsl: 1.0.3, namespace: test, name: sample, version: 1.0.0}\n"
ROOT = Path(__file__).parents[3]

FAILING = HEADER + (
    "do:\n  - stop: {raise: {error: {type: 'https://example.com/nope', status: 418, title: No, detail: because}}}\n"
)
CALLING = HEADER + (
    "do:\n  - ask: {call: http, with: {method: get, endpoint: '${ .peer + \"/slow\" }'}}\n  - after: {set: {x: 1}}\n"
)
ASKING_WITH_SECRET = HEADER + (
    "do:\n  - ask:\n      call: http\n"
    "      with: {method: get, endpoint: '${ .peer + \"/echo\" }', headers: {token: '${ $secrets.TOKEN }'}}\n"
)
SAME: dict[str, tuple[str, tuple[str, ...]]] = {
    "data and loops": (
        HEADER + "do:\n"
        "  - all: {for: {each: n, in: '${ [range(20)] }'}, do: [{add: {set: {sum: '${ (.sum // 0) + $n }'}}}]}\n"
        "  - choose: {switch: [{big: {when: .sum > 100, then: last}}, {small: {then: exit}}]}\n"
        "  - never: {set: {never: true}}\n"
        "  - last: {set: {sum: '${ .sum }', who: '${ $runtime.metadata.env.WHO }'}}\n",
        ("--env", "WHO=ann"),
    ),
    "a call": (HEADER + "do:\n  - ask: {call: http, with: {method: get, endpoint: '${ .peer + \"/echo\" }'}}\n", ()),
    "a fault": (FAILING, ()),
    "a caught fault of a call": (
        HEADER + "do:\n  - careful:\n      try:\n"
        "        - ask: {call: http, with: {method: get, endpoint: '${ .peer + \"/missing\" }'}}\n"
        "      catch: {as: problem, do: [{keep: {set: {status: '${ $problem.status }'}}}]}\n",
        (),
    ),
    "a fault of a call": (
        HEADER + "do:\n  - ask: {call: http, with: {method: get, endpoint: '${ .peer + \"/missing\" }'}}\n",
        (),
    ),
    "an invalid input": (
        HEADER + "input: {schema: {document: {type: object, required: [nothing]}}}\ndo:\n  - a: {set: {x: 1}}\n",
        (),
    ),
    "an invalid document": (HEADER + "do:\n  - a: {sett: {x: 1}}\n", ()),
    "null": (HEADER + "do:\n  - a: {set: {x: 1}}\noutput: {as: '${ null }'}\n", ()),
}


class Peer(BaseHTTPRequestHandler):
    """`/echo` remembers the token, `/slow` answers when it is let go, everything else is missing."""

    tokens: ClassVar[list[str]] = []
    came = threading.Event()
    go = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/slow":
            Peer.came.set()
            Peer.go.wait(60)
        if self.path == "/echo":
            Peer.tokens.append(self.headers.get("token") or "")
        body = b'{"ok": true}' if self.path in ("/slow", "/echo") else b"{}"
        try:
            self.send_response(200 if self.path in ("/slow", "/echo") else 404)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def peer() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Peer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    Peer.go.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def fresh_peer() -> None:
    Peer.tokens.clear()
    Peer.came.clear()
    Peer.go.clear()


@pytest.fixture(scope="module")
def address(temporal_address: str) -> str:
    """A dev server that outlives the runs."""
    return temporal_address


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    def make(text: str, name: str = "workflow.yaml") -> str:
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return make


def environment(extra: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")} | extra


def stigmer(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "stigmer_runner", "run", *arguments],
        capture_output=True,
        text=True,
        env=environment(variables),
        cwd=ROOT,
    )


@dataclass
class Begun:
    """A run whose events are read from standard error, as are the other lines there."""

    process: "subprocess.Popen[str]"
    events: list[dict[str, Any]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def read_until(self, wanted: Callable[[], bool]) -> None:
        assert self.process.stderr is not None
        while not wanted():
            line = self.process.stderr.readline()
            assert line, f"it ended: {self.said}"
            if line.startswith("{"):
                self.events.append(json.loads(line))
            else:
                self.said.append(line)

    def finish(self) -> int:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if line.startswith("{"):
                self.events.append(json.loads(line))
            else:
                self.said.append(line)
        return self.process.wait()

    def started(self, task: str) -> bool:
        return any((event["event_type"], event["task_name"]) == ("task_started", task) for event in self.events)


@pytest.fixture
def begin() -> Iterator[Callable[..., Begun]]:
    runs: list[Begun] = []

    def start(*arguments: str, **variables: str) -> Begun:
        command = [sys.executable, "-m", "stigmer_runner", "run", "--runtime", "temporal", "--events", "-", *arguments]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(variables)
        )
        runs.append(Begun(process))
        return runs[-1]

    yield start
    for run in runs:
        run.process.kill()
        run.process.communicate()


def told(file: Path) -> list[tuple[object, ...]]:
    """What a file of events says, but for ids and times."""
    shown = []
    for line in file.read_text().splitlines():
        event = json.loads(line)
        names = ("sequence_number", "event_type", "task_reference", "status", "message", "attempt", "error")
        shown.append((*(json.dumps(event[name]) for name in names), event["task_progress"]))
    return shown


def last_line(text: str) -> str:
    return text.splitlines()[-1] if text else ""


@pytest.mark.parametrize("name", SAME)
def test_the_same_as_in_the_process(name: str, address: str, peer: str, write: Any, tmp_path: Path) -> None:
    text, options = SAME[name]
    document, given = write(text), json.dumps({"peer": peer})
    here, there = tmp_path / "here", tmp_path / "there"
    common = (document, "--input", given, *options)
    process = stigmer(*common, "--events", str(here))
    temporal = stigmer(*common, "--events", str(there), "--runtime", "temporal", "--temporal-address", address)
    assert temporal.stdout == process.stdout
    assert temporal.returncode == process.returncode
    assert last_line(temporal.stderr) == last_line(process.stderr) or process.returncode == 0
    assert told(there) == told(here)
    if process.returncode < 2:
        assert temporal.stderr.startswith("Workflow stigmer/workflow-execution/interpret/wex-")


@pytest.mark.parametrize(
    ("document", "arguments"),
    [
        ("hello/hello.yaml", ("--input", '{"name": "Ada"}')),
        ("functions/prices.yaml", ("--input", '{"book": 10, "lamp": 20.5}')),
    ],
)
def test_examples_on_a_dev_server_of_their_own(document: str, arguments: tuple[str, ...]) -> None:
    process = stigmer(f"examples/{document}", *arguments)
    temporal = stigmer(f"examples/{document}", *arguments, "--runtime", "temporal")
    assert process.returncode == 0
    assert (temporal.returncode, temporal.stdout) == (0, process.stdout), temporal.stderr


async def client_of(address: str, store: Path) -> Client:
    return await Client.connect(address, data_converter=data_converter(PayloadsConfig(place=store)))


def workflow_of(run: Begun) -> str:
    return f"stigmer/workflow-execution/interpret/{run.events[0]['workflow_execution_id']}"


async def test_a_secret_reaches_the_call_and_nothing_else(address: str, peer: str, write: Any, tmp_path: Path) -> None:
    events, store = tmp_path / "events", tmp_path / "store"
    done = stigmer(
        write(ASKING_WITH_SECRET), "--input", json.dumps({"peer": peer}), "--secret", "TOKEN=tell-nobody-4711",
        "--events", str(events), "--runtime", "temporal",
        TEMPORAL_ADDRESS=address, BLOB_STORAGE_PATH=str(store), LOG_LEVEL="debug",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert Peer.tokens == ["tell-nobody-4711"]
    client = await client_of(address, store)
    workflow = next(line.split()[1] for line in done.stderr.splitlines() if line.startswith("Workflow "))
    history = (await client.get_workflow_handle(workflow).fetch_history()).to_json()
    assert "stigmer/http" in history
    for text in (history, done.stdout, done.stderr, events.read_text()):
        assert "tell-nobody" not in text
    # Kept while it ran, encrypted; gone with its end, but for the key that is everybody's.
    assert [path.name for path in (store / "secrets").rglob("*") if path.is_file()] == ["key"]


def test_the_first_signal_lets_calls_finish(address: str, peer: str, write: Any, begin: Any) -> None:
    run = begin(write(CALLING), "--input", json.dumps({"peer": peer}), "--temporal-address", address)
    run.read_until(lambda: run.started("ask"))
    Peer.came.wait()
    run.process.send_signal(signal.SIGINT)
    run.read_until(lambda: bool(run.said))
    assert run.said == [
        "SIGINT: cancelling the workflow; calls under way have 30 seconds to finish. Once more interrupts them.\n"
    ]
    Peer.go.set()
    assert run.finish() == 130
    kinds = [(event["event_type"], event["task_name"]) for event in run.events]
    assert ("task_completed", "ask") in kinds
    assert ("task_started", "after") not in kinds
    assert kinds[-1] == ("workflow_cancelled", "")
    assert run.said[-1] == "Cancelled.\n"


async def test_the_second_signal_interrupts_them(
    address: str, peer: str, write: Any, begin: Any, tmp_path: Path
) -> None:
    run = begin(write(CALLING), "--input", json.dumps({"peer": peer}), "--temporal-address", address)
    run.read_until(lambda: run.started("ask"))
    Peer.came.wait()
    run.process.send_signal(signal.SIGINT)
    run.read_until(lambda: bool(run.said))
    run.process.send_signal(signal.SIGTERM)
    assert run.finish() == 130
    assert run.said[1:] == ["SIGTERM: interrupting its calls; once more ends the wait for it.\n", "Cancelled.\n"]
    assert run.events[-1]["event_type"] == "workflow_cancelled"
    described = await (await client_of(address, tmp_path)).get_workflow_handle(workflow_of(run)).describe()
    assert described.status is WorkflowExecutionStatus.CANCELED


async def test_the_third_signal_ends_the_wait(address: str, write: Any, begin: Any, tmp_path: Path) -> None:
    # Nobody works for this queue, so that no cancellation can be heard.
    run = begin(
        write(FAILING), "--no-worker", "--events", str(tmp_path / "events"), TEMPORAL_ADDRESS=address,
        TEMPORAL_TASK_QUEUE="nobody", BLOB_STORAGE_PATH=str(tmp_path),
    )  # fmt: skip
    run.read_until(lambda: bool(run.said))
    for number, times in ((signal.SIGINT, 2), (signal.SIGTERM, 3)):
        run.process.send_signal(number)
        run.read_until(lambda times=times: len(run.said) == times)
    run.process.send_signal(signal.SIGINT)
    assert run.finish() == 130
    assert run.said[0].startswith("Workflow stigmer/workflow-execution/interpret/wex-")
    assert run.said[-1] == "Cancelled.\n"


async def test_a_signal_while_the_start_is_under_way_leaves_no_workflow_behind(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: asyncio.Queue[str] = asyncio.Queue()
    start = TemporalExecutions.start

    async def start_slowly(*arguments: Any, **options: Any) -> Any:
        execution = await start(*arguments, **options)
        started.put_nowait(execution.workflow_id)
        await asyncio.sleep(1)
        return execution

    async def run() -> None:
        options = RunOptions(document=FAILING.encode(), source="workflow.yaml", input={}, env={}, secrets={})
        async with start_on_temporal(options, TemporalOptions(address=address, queue="nobody-either")):
            pytest.fail("it was told to end before")

    monkeypatch.setenv("BLOB_STORAGE_PATH", str(tmp_path))
    monkeypatch.setattr(TemporalExecutions, "start", start_slowly)
    running = asyncio.create_task(run())
    workflow = await started.get()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    described = await (await client_of(address, tmp_path)).get_workflow_handle(workflow).describe()
    assert described.status is WorkflowExecutionStatus.TERMINATED


def test_a_worker_elsewhere_can_do_it(address: str, peer: str, write: Any, tmp_path: Path) -> None:
    shared = {
        "TEMPORAL_ADDRESS": address, "TEMPORAL_TASK_QUEUE": "elsewhere", "BLOB_STORAGE_PATH": str(tmp_path / "store"),
    }  # fmt: skip
    with RunnerProcess({"EXECUTION_MODE": "temporal", **shared}) as runner:
        done = stigmer(
            write(ASKING_WITH_SECRET), "--input", json.dumps({"peer": peer, "big": "x" * 100_000}),
            "--secret", "TOKEN=tell-nobody-4711", "--runtime", "temporal", "--no-worker", **shared,
        )  # fmt: skip
        runner.signal(signal.SIGTERM)
        assert runner.wait() == 0
    assert (done.returncode, json.loads(done.stdout)) == (0, {"ok": True}), done.stderr
    assert Peer.tokens == ["tell-nobody-4711"]


def test_events_reach_the_workflow_its_sub_workflows_and_those_that_emit(write: Any, address: str) -> None:
    child = HEADER.replace("sample", "child") + (
        "do:\n  - hear: {listen: {to: {one: {with: {type: com.example.go}}}}}\n"
        "  - tell: {emit: {event: {with: {type: com.example.done, source: /tests, data: '${ .[0].n + 1 }'}}}}\n"
    )
    parent = HEADER + (
        "do:\n  - start: {run: {await: false, workflow: {namespace: test, name: child, version: 1.0.0}}}\n"
        "  - hear: {listen: {to: {one: {with: {type: com.example.done}}}}}\n"
    )
    given = write('{"type": "com.example.go", "data": {"n": 41}}\n', "events.jsonl")
    arguments = (write(parent), "--document", write(child, "child.yaml"), "--event", given)
    process = stigmer(*arguments)
    temporal = stigmer(*arguments, "--runtime", "temporal", "--temporal-address", address)
    assert (temporal.returncode, temporal.stdout) == (process.returncode, process.stdout), temporal.stderr
    assert json.loads(temporal.stdout) == [42]


def test_the_dev_server_ends_with_a_run_that_is_killed(write: Any, begin: Any) -> None:
    run = begin(write(HEADER + "do:\n  - hold: {wait: {hours: 1}}\n"))
    run.read_until(lambda: run.started("hold"))
    servers = servers_below(run.process.pid)
    assert len(servers) == 2, "the guard and the server"
    run.process.kill()
    while any(Path(f"/proc/{server}").exists() for server in servers):
        time.sleep(0.05)


def servers_below(process: int) -> list[int]:
    """The processes below one that have to do with a dev server."""
    below: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            text = stat.read_text()
            below.setdefault(int(text.rpartition(")")[2].split()[1]), []).append(int(text.split()[0]))
    found, waiting = [], [process]
    while waiting:
        for child in below.get(waiting.pop(), ()):
            waiting.append(child)
            if "start-dev" in Path(f"/proc/{child}/cmdline").read_text():
                found.append(child)
    return found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--temporal-address", "127.0.0.1:1"), "--temporal-address needs --runtime temporal."),
        (("--temporal-ui",), "--temporal-ui needs --runtime temporal."),
        (("--no-worker",), "--no-worker needs --runtime temporal."),
        (("--runtime", "temporal", "--no-worker"), "--no-worker needs a Temporal with a worker"),
        (("--runtime", "temporal", "--temporal-address", "127.0.0.1:1"), "Temporal at 127.0.0.1:1 cannot be reached"),
    ],
)
def test_what_cannot_work_is_one_sentence(write: Any, arguments: tuple[str, ...], said: str) -> None:
    done = stigmer(write(FAILING), *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_activities_need_temporal(write: Any, address: str) -> None:
    document = write(HEADER + "do:\n  - act: {call: activity, with: {name: anything, taskQueue: elsewhere}}\n")
    here = stigmer(document)
    assert here.returncode == 2
    assert "--runtime temporal" in here.stderr


async def test_a_foreign_activity(write: Any, address: str, tmp_path: Path) -> None:
    @activity.defn(name="double")
    async def double(number: int) -> int:
        return 2 * number

    document = write(
        HEADER + "do:\n  - act: {call: activity, with: {name: double, arguments: [21], taskQueue: foreign}}\n"
    )
    client = await Client.connect(address)
    async with Worker(client, task_queue="foreign", activities=[double]):
        done = await asyncio.to_thread(stigmer, document, "--runtime", "temporal", "--temporal-address", address)
    assert (done.returncode, done.stdout) == (0, "42\n"), done.stderr
