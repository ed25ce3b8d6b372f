"""Lifecycle events of executions on Temporal: those that a run in one process sends, to a real receiver."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from stigmer_engine import EngineConfig, Status
from stigmer_engine.bus import HttpSink, HttpSinkConfig
from stigmer_engine.lifecycle_events import LifecycleConfig
from stigmer_engine.runtimes.temporal import LifecycleMoment, LifecycleRules, Rules, StartConfig, TemporalExecutions
from stigmer_runner.config.reference import variables
from stigmer_runner.durable.lifecycle import LifecyclePublishing, lifecycle_receiver
from stigmer_runner.testing import RunnerProcess
from structlog.testing import capture_logs

from packages.engine.tests.temporal_stage import open_stage
from packages.runner.tests.lifecycle_sink import LifecycleSink, kinds

HEAD = "document: {dsl: 1.0.3, namespace: test, name: living, version: 1.2.0}\n"
CHILD = "document: {dsl: 1.0.3, namespace: test, name: double, version: 1.0.0}\ndo:\n  - out: {set: '${ .n * 2 }'}\n"
DOCUMENTS = {
    "loop": "do:\n  - loop:\n      for: {each: i, in: '${ [range(3)] }'}\n      do: [{keep: {set: {i: '${ $i }'}}}]\n",
    "fork": "do:\n  - both:\n      fork:\n        branches:\n        - a: {set: {a: 1}}\n        - b: {wait: PT1S}\n",
    "retry": (
        "do:\n  - try:\n      try: [{bad: {raise: {error: {type: 'https://x.example/e', status: 418}}}}]\n"
        "      catch: {retry: {delay: {milliseconds: 1}, limit: {attempt: {count: 2}}}}\n"
    ),
    "child": (
        "do:\n  - child: {run: {workflow: {namespace: test, name: double, version: latest, input: {n: 4}}}}\n"
        "  - skipped: {if: '${ false }', set: {a: 1}}\n"
    ),
    "listen": "do:\n  - got: {listen: {to: {one: {with: {type: go}}}}}\n",
}
EVENT = '{"specversion": "1.0", "id": "1", "source": "/test", "type": "go"}'
Connect = Callable[[RunnerProcess], Any]


@pytest.fixture(scope="module")
def address(temporal_address: str) -> str:
    return temporal_address


@pytest.fixture
def sink() -> Iterator[LifecycleSink]:
    with LifecycleSink() as found:
        yield found


def run(folder: Path, name: str, *arguments: str, **settings: str) -> int:
    """`stigmer run` of a document; its exit code."""
    (folder / "double.yaml").write_text(CHILD)
    (folder / "events.json").write_text(EVENT)
    document = folder / "document.yaml"
    document.write_text(HEAD + DOCUMENTS[name])
    command = [sys.executable, "-m", "stigmer_runner", "run", str(document), "--document", str(folder / "double.yaml")]
    command += ["--event", str(folder / "events.json"), *arguments]
    inherited = {known: value for known, value in os.environ.items() if known not in variables()}
    return subprocess.run(command, env={**inherited, **settings}, check=False).returncode


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_run_sends_what_it_sends_in_one_process(name: str, tmp_path: Path, address: str, sink: LifecycleSink) -> None:
    settings = {"LIFECYCLE_SINK_URL": sink.url, "LIFECYCLE_STATUS_CHANGES": "true"}
    here = run(tmp_path, name, **settings)
    wanted = sink.told()
    sink.forget()
    there = run(tmp_path, name, "--runtime", "temporal", "--temporal-address", address, **settings)
    assert (there, sink.told()) == (here, wanted)


def test_two_modes_of_serving_send_the_same(
    tmp_path: Path, address: str, sink: LifecycleSink, connect: Connect, contract: SimpleNamespace
) -> None:
    common = {"LIFECYCLE_SINK_URL": sink.url, "PUBLIC_BASE_URL": "https://runner.example"}
    durable = {
        "EXECUTION_MODE": "dual",
        "TEMPORAL_SERVICE_ADDRESS": address,
        "BLOB_STORAGE_PATH": str(tmp_path / "blobs"),
    }
    told = []
    for settings in (common, {**common, **durable}):
        with RunnerProcess(settings) as runner:
            assert "LIFECYCLE_SINK_URL has no effect" not in runner.text
            stub = connect(runner)
            for name in ("loop", "fork"):
                request = contract.io.WorkflowExecuteInput(
                    workflow_yaml=HEAD + DOCUMENTS[name], workflow_execution_id=f"lives-{name}"
                )
                assert list(stub.Execute(request))[-1].event_type == "workflow_completed"
                sink.wait_for("workflow.completed", f"lives-{name}")
        told.append(sink.told())
        sink.forget()
    assert told[0] == told[1]
    assert "https://runner.example/api/v1/executions/ID#/do/0/loop" in str(told[1])


@pytest.mark.parametrize("history_events", [0, 30])
async def test_pauses_are_told_of_with_their_tasks_also_when_the_execution_continued_as_new(
    tmp_path: Path, address: str, sink: LifecycleSink, history_events: int
) -> None:
    text = (
        "do:\n  - both:\n      fork:\n        branches:\n        - hear: {listen: {to: {one: {with: {type: go}}}}}\n"
        "        - loop:\n            for: {each: i, in: '${ [range(12)] }'}\n"
        "            do: [{rest: {wait: PT0.01S}}]\n"
    )
    async with HttpSink(HttpSinkConfig(url=sink.url)) as publisher:
        config = EngineConfig(lifecycle=LifecycleConfig(publisher=publisher, status_changes=True))
        lifecycle = lifecycle_receiver(config.lifecycle)
        async with open_stage(address, tmp_path, config=config, lifecycle=lifecycle) as stage:
            start = StartConfig(
                rules=Rules(history_events=history_events), lifecycle=LifecycleRules(status_changes=True)
            )
            execution = await TemporalExecutions(stage.client, start).start(stage.load(text))
            async for event in execution.follow():
                if event.task_name == "loop" and event.status is Status.COMPLETED:
                    break
            await execution.pause()
            async for event in execution.follow():
                if event.event_type == "workflow_paused":
                    break
            await execution.resume()
            await execution.deliver({"specversion": "1.0", "id": "1", "source": "/test", "type": "go"})
            assert (await execution.wait()).status is Status.COMPLETED
            runs = await stage.histories(execution)
    assert (len(runs) > 1) == bool(history_events)
    events = sink.of(execution.id)
    assert len({event["id"] for event in events}) == len(events)
    suspended = [event["data"]["task"] for event in events if ".task.suspended." in event["type"]]
    resumed = [event["data"]["task"] for event in events if ".task.resumed." in event["type"]]
    assert suspended == resumed == ["/do/0/both", "/do/0/both/fork/branches/0/hear"]
    found = kinds(events)
    assert found.count("workflow.correlation-started") == found.count("workflow.correlation-completed") == 1
    statuses = [event["data"]["status"] for event in events if ".workflow.status-changed." in event["type"]]
    assert statuses == ["running", "waiting", "suspended", "running", "running", "completed"]


def test_a_dead_receiver_costs_a_warning(
    tmp_path: Path, address: str, connect: Connect, contract: SimpleNamespace
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings = {
        "EXECUTION_MODE": "dual",
        "TEMPORAL_SERVICE_ADDRESS": address,
        "BLOB_STORAGE_PATH": str(tmp_path / "blobs"),
        "LIFECYCLE_SINK_URL": f"http://127.0.0.1:{port}/",
    }
    with RunnerProcess(settings) as runner:
        request = contract.io.WorkflowExecuteInput(workflow_yaml=HEAD + DOCUMENTS["loop"])
        run = list(connect(runner).Execute(request))
        assert run[-1].event_type == "workflow_completed"
        told = runner.wait_for("lifecycle events could not be sent; the run goes on without")
        assert (told["execution_id"], told["level"]) == (run[0].workflow_execution_id, "warning")


def moment(number: int, execution_id: str = "wex-1") -> LifecycleMoment:
    event = {
        "specversion": "1.0",
        "id": f"{execution_id}/lifecycle/{number}/0",
        "source": "/test/living/1.2.0",
        "type": "io.serverlessworkflow.task.started.v1",
        "subject": execution_id,
    }
    return LifecycleMoment(sequence_number=number, events=({**event}, {**event, "id": f"{event['id']}b"}))


@contextlib.asynccontextmanager
async def publishing(sink: LifecycleSink) -> Any:
    async with HttpSink(HttpSinkConfig(url=sink.url)) as publisher:
        yield LifecyclePublishing(publisher)


async def test_a_receiver_that_fails_is_left_alone_until_the_end(sink: LifecycleSink) -> None:
    async with publishing(sink) as receiver:
        sink.status = 503
        with capture_logs() as logs:
            assert await receiver.deliver([moment(1)], last=False) == 0
            assert await receiver.deliver([moment(1), moment(2)], last=False) == 0
            assert await receiver.deliver([moment(1, "other")], last=False) == 0
        assert sink.requests == 1
        assert [(entry["log_level"], entry["execution_id"]) for entry in logs] == [("warning", "wex-1")]
        sink.status = 202
        assert await receiver.deliver([moment(1), moment(2)], last=True) == 2
        assert await receiver.deliver([moment(3)], last=False) == 3
    assert [event["id"] for event in sink.of("wex-1")] == [
        f"wex-1/lifecycle/{number}/0{part}" for number in (1, 2, 3) for part in ("", "b")
    ]


@pytest.mark.parametrize(("status", "taken"), [(400, 1), (413, 1), (401, 0), (404, 0), (429, 0), (500, 0)])
async def test_an_event_that_is_refused_for_itself_holds_up_no_other(
    sink: LifecycleSink, status: int, taken: int
) -> None:
    async with publishing(sink) as receiver:
        sink.status = status
        assert await receiver.deliver([moment(1)], last=False) == taken
