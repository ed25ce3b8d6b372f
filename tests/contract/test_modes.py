"""The built runner as a process in each mode: a workflow through each of its doors, and a shutdown in mid-run.

`just test-modes` runs this file. The doors are used by foreign peers: grpcio with classes that grpcio-tools generates,
and a workflow of plain `temporalio` that calls the activity as a service of any language does.
"""

import asyncio
import contextlib
import importlib
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf.json_format import MessageToDict
from grpc_tools import protoc
from stigmer_runner.testing import RunnerProcess
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.exceptions import CancelledError as TemporalCancelledError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

REPOSITORY = Path(__file__).parents[2]
HEADER = "document: {dsl: 1.0.3, namespace: test, name: sample, version: 1.0.0}\n"
SHORT = HEADER + "do:\n  - sum: {set: {sum: '${ .a + .b }'}}\n  - twice: {set: {twice: '${ .sum * 2 }'}}\n"
FAILING = HEADER + "do:\n  - stop: {raise: {error: {type: 'https://example.com/no', status: 418, title: No}}}\n"
HELD = HEADER + (
    "do:\n"
    "  - first: {set: {first: true}, export: {as: '${ . }'}}\n"
    "  - ask: {call: http, with: {method: post, endpoint: 'PEER', body: {step: ask}}}\n"
    "  - last: {set: {answer: '${ .answer }', first: '${ $context.first }'}}\n"
)
FOREIGN_QUEUE = "somebody-elses-queue"
ACTIVITY_QUEUE = "workflow_execution_runner"
Start = Callable[..., RunnerProcess]


class Peer:
    """An HTTP server whose answers wait until they are let go."""

    def __init__(self) -> None:
        self.calls = 0
        self.came = threading.Event()
        self.go = threading.Event()
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                peer.calls += 1
                peer.came.set()
                peer.go.wait(300)
                body = b'{"answer": 42}'
                with contextlib.suppress(OSError):
                    self.send_response(200)
                    self.send_header("content-type", "application/json")
                    self.send_header("content-length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    def close(self) -> None:
        self.go.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    found = Peer()
    yield found
    found.close()


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """The contract as protobuf's own compiler generates it."""
    target = tmp_path_factory.mktemp("grpcio")
    include = Path(str(importlib.import_module("grpc_tools").__file__)).parent / "_proto"
    protos = REPOSITORY / "proto"
    files = sorted(str(path.relative_to(protos)) for path in protos.rglob("*.proto"))
    arguments = ["protoc", f"-I{protos}", f"-I{include}", f"--python_out={target}", f"--grpc_python_out={target}"]
    assert protoc.main([*arguments, *files]) == 0
    sys.path.insert(0, str(target))

    def load(name: str) -> Any:
        return importlib.import_module(f"ai.stigmer.agentic.{name}")

    return SimpleNamespace(
        io=load("workflowrunner.v1.io_pb2"),
        service=load("workflowrunner.v1.service_pb2_grpc"),
        execution=load("workflowexecution.v1.api_pb2"),
    )


@pytest.fixture(scope="module")
def temporal(temporal_address: str) -> str:
    """The address of a Temporal server."""
    return temporal_address


@pytest.fixture
def start(temporal: str, tmp_path: Path) -> Iterator[Start]:
    """Starts runners of a mode, with more settings as keyword arguments; they end with the test."""
    with ExitStack() as stack:

        def begin(mode: str, **settings: str) -> RunnerProcess:
            given = {"EXECUTION_MODE": mode, "BLOB_STORAGE_PATH": str(tmp_path / "blobs"), "HOME": str(tmp_path)}
            if mode != "grpc":
                given["TEMPORAL_SERVICE_ADDRESS"] = temporal
            return stack.enter_context(RunnerProcess({**given, **settings}))

        yield begin


@pytest.fixture
def connect(contract: SimpleNamespace) -> Iterator[Callable[[RunnerProcess], Any]]:
    """Makes grpcio stubs of a runner."""
    with ExitStack() as stack:

        def make(runner: RunnerProcess) -> Any:
            channel = stack.enter_context(grpc.insecure_channel(runner.grpc_target))
            return contract.service.WorkflowExecutionServiceStub(channel)

        yield make


@workflow.defn(name="foreign")
class ForeignWorkflow:
    """What a service does that has workflows executed (seed 004): calls the activity, and returns its status."""

    @workflow.run
    async def run(self, argument: RawValue, heartbeat: float) -> RawValue:
        result: RawValue = await workflow.execute_activity(
            "ExecuteWorkflow",
            argument,
            task_queue=ACTIVITY_QUEUE,
            start_to_close_timeout=timedelta(minutes=30),
            heartbeat_timeout=timedelta(seconds=heartbeat) if heartbeat else None,
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=200)),
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            result_type=RawValue,
        )
        return result


@pytest.fixture
async def foreign(temporal: str) -> AsyncIterator[Client]:
    """A client whose worker, in this process, runs the foreign workflow."""
    client = await Client.connect(temporal)
    runner = UnsandboxedWorkflowRunner()
    async with Worker(client, task_queue=FOREIGN_QUEUE, workflows=[ForeignWorkflow], workflow_runner=runner):
        yield client


async def call(client: Client, name: str, argument: Payload, *, heartbeat: float = 0) -> WorkflowHandle[Any, RawValue]:
    """The foreign workflow, started."""
    return await client.start_workflow(
        "foreign",
        args=[RawValue(argument), heartbeat],
        id=f"foreign-{name}",
        task_queue=FOREIGN_QUEUE,
        result_type=RawValue,
    )


def request(contract: SimpleNamespace, execution_id: str, document: str, **values: object) -> Any:
    """A `WorkflowExecuteInput`."""
    message = contract.io.WorkflowExecuteInput(workflow_execution_id=execution_id, workflow_yaml=document)
    message.workflow_input.update(values)
    return message


def in_encoding(encoding: str, message: Any) -> Payload:
    """The payload that an SDK makes of a message."""
    name = message.DESCRIPTOR.full_name.encode()
    match encoding:
        case "binary/protobuf":
            data = message.SerializeToString()
        case "json/protobuf" | "json/plain":
            data = httpx.Response(200, json=MessageToDict(message)).content
    metadata = {"encoding": encoding.encode()}
    return Payload(metadata=metadata if encoding == "json/plain" else {**metadata, "messageType": name}, data=data)


def status_in(contract: SimpleNamespace, result: RawValue) -> Any:
    """The `WorkflowExecutionStatus` that the activity returned, read by protobuf's own classes."""
    from google.protobuf import json_format  # noqa: PLC0415 - the peer's library, not ours

    kind = contract.execution.WorkflowExecutionStatus
    payload = result.payload
    encoding = payload.metadata["encoding"].decode()
    if encoding != "json/plain":
        assert payload.metadata["messageType"].decode() == kind.DESCRIPTOR.full_name
    if encoding == "binary/protobuf":
        return kind.FromString(payload.data)
    return json_format.Parse(payload.data, kind())


# --- gRPC -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["grpc", "dual"])
def test_grpc_streams_a_workflow(
    mode: str, start: Start, connect: Callable[[RunnerProcess], Any], contract: SimpleNamespace
) -> None:
    runner = start(mode)
    events = list(connect(runner).Execute(request(contract, f"stream-{mode}", SHORT, a=1, b=2)))
    assert [event.sequence_number for event in events] == list(range(1, len(events) + 1))
    assert [event.task_name for event in events if event.event_type == "task_completed"] == ["sum", "twice"]
    assert MessageToDict(events[-1].payload)["output"] == {"twice": 6}
    assert httpx.get(f"{runner.http_url}/readyz").status_code == 200


@pytest.mark.parametrize("mode", ["grpc", "dual"])
def test_grpc_starts_a_workflow_and_http_follows_it(
    mode: str, start: Start, connect: Callable[[RunnerProcess], Any], contract: SimpleNamespace
) -> None:
    runner = start(mode)
    started = connect(runner).ExecuteAsync(request(contract, f"async-{mode}", SHORT, a=2, b=3))
    assert (started.temporal_workflow_id != "") == (mode == "dual")
    with httpx.stream("GET", started.subscribe_url) as events:
        ids = [line for line in events.iter_lines() if line.startswith("id: ")]
    found = httpx.get(started.status_url).json()
    assert (found["status"], found["output"], found["progress"]) == ("completed", {"twice": 10}, 100)
    assert ids == [f"id: {number}" for number in range(1, found["sequence_number"] + 1)]
    after = httpx.get(started.subscribe_url, headers={"last-event-id": str(found["sequence_number"])})
    assert after.status_code == 204


# --- Temporal -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["temporal", "dual"])
@pytest.mark.parametrize("encoding", ["json/protobuf", "binary/protobuf", "json/plain"])
async def test_a_foreign_worker_has_a_workflow_executed(
    mode: str, encoding: str, start: Start, foreign: Client, contract: SimpleNamespace
) -> None:
    runner = await asyncio.to_thread(start, mode)
    name = f"{mode}-{encoding}"
    handle = await call(foreign, name, in_encoding(encoding, request(contract, name, SHORT, a=3, b=4)))
    result = await handle.result()
    assert result.payload.metadata["encoding"].decode() == encoding
    status = status_in(contract, result)
    assert MessageToDict(status)["phase"] == "EXECUTION_COMPLETED"
    assert MessageToDict(status.output) == {"twice": 14}
    assert [task.task_name for task in status.tasks] == ["sum", "twice"]
    assert status.started_at <= status.completed_at
    assert status.temporal_workflow_id.endswith(name)
    shown = await asyncio.to_thread(httpx.get, f"{runner.http_url}/api/v1/executions/{name.replace('/', '%2F')}")
    assert shown.json()["status"] == "completed"


async def test_a_workflow_that_fails_is_a_status_and_a_request_that_is_refused_is_an_error(
    start: Start, foreign: Client, contract: SimpleNamespace
) -> None:
    await asyncio.to_thread(start, "temporal")
    failing = await call(foreign, "fails", in_encoding("json/protobuf", request(contract, "fails", FAILING)))
    status = status_in(contract, await failing.result())
    assert MessageToDict(status)["phase"] == "EXECUTION_FAILED"
    assert "No" in status.error
    assert MessageToDict(status.tasks[0])["status"] == "WORKFLOW_TASK_FAILED"

    # The same id with another document.
    other = await call(foreign, "differs", in_encoding("json/protobuf", request(contract, "fails", SHORT)))
    assert refused(await failure_of(other)) == ("stigmer/refused", "EXECUTION_DIFFERS")
    invalid = await call(foreign, "invalid", in_encoding("json/protobuf", request(contract, "invalid", "do: []")))
    assert refused(await failure_of(invalid)) == ("stigmer/refused", "INVALID_DOCUMENT")
    unknown = Payload(metadata={"encoding": b"json/protobuf", "messageType": b"test.Unknown"}, data=b"{}")
    assert refused(await failure_of(await call(foreign, "unknown", unknown)))[1] == "INVALID_REQUEST"

    # An id that ran already has its answer at once.
    again = await call(foreign, "again", in_encoding("json/protobuf", request(contract, "fails", FAILING)))
    assert status_in(contract, await again.result()) == status


async def failure_of(handle: WorkflowHandle[Any, RawValue]) -> BaseException:
    """Why the activity failed."""
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    cause = failed.value.cause
    assert isinstance(cause, ActivityError)
    assert cause.cause is not None
    return cause.cause


def refused(error: BaseException) -> tuple[str | None, str]:
    """Type and reason of a refusal."""
    assert isinstance(error, ApplicationError)
    return error.type, error.details[0]


async def test_cancelling_the_activity_cancels_the_execution(
    start: Start, foreign: Client, contract: SimpleNamespace, peer: Peer
) -> None:
    runner = await asyncio.to_thread(start, "temporal", EXECUTION_CANCEL_GRACE_SECONDS="0")
    document = HELD.replace("PEER", peer.url)
    handle = await call(
        foreign, "cancelled", in_encoding("json/protobuf", request(contract, "cancelled", document)), heartbeat=2
    )
    await asyncio.to_thread(peer.came.wait, 300)
    await handle.cancel()
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    assert isinstance(failed.value.cause, TemporalCancelledError)
    found = await asyncio.to_thread(httpx.get, f"{runner.http_url}/api/v1/executions/cancelled")
    assert found.json()["status"] == "cancelled"


async def test_a_terminated_execution_is_cancelled_for_everybody(
    start: Start, foreign: Client, contract: SimpleNamespace, connect: Callable[[RunnerProcess], Any], peer: Peer
) -> None:
    runner = await asyncio.to_thread(start, "dual")
    message = request(contract, "terminated", HELD.replace("PEER", peer.url))
    handle = await call(foreign, "terminated", in_encoding("json/protobuf", message), heartbeat=2)
    await asyncio.to_thread(peer.came.wait, 300)
    await foreign.get_workflow_handle("stigmer/workflow-execution/interpret/terminated").terminate(reason="by hand")
    status = status_in(contract, await handle.result())
    assert MessageToDict(status)["phase"] == "EXECUTION_CANCELLED"
    events = await asyncio.to_thread(lambda: list(connect(runner).Execute(message)))
    assert events[-1].event_type == "workflow_cancelled"
    assert [event.sequence_number for event in events] == list(range(1, len(events) + 1))
    stub = connect(runner)
    identity = {"execution_id": "terminated"}
    await asyncio.to_thread(stub.CancelExecution, contract.io.CancelExecutionRequest(**identity))
    with pytest.raises(grpc.RpcError) as wrong:
        await asyncio.to_thread(stub.PauseExecution, contract.io.PauseExecutionRequest(**identity))
    assert wrong.value.code() is grpc.StatusCode.FAILED_PRECONDITION


# --- SIGTERM in mid-run ---------------------------------------------------------------------------------------------


def test_in_process_a_run_finishes_in_its_grace(
    start: Start, connect: Callable[[RunnerProcess], Any], contract: SimpleNamespace, peer: Peer
) -> None:
    runner = start("grpc", SHUTDOWN_GRACE_SECONDS="60")
    events = connect(runner).Execute(request(contract, "grace", HELD.replace("PEER", peer.url)))
    assert peer.came.wait(300)
    runner.signal(signal.SIGTERM)
    runner.wait_for("shutting down")
    peer.go.set()
    seen = list(events)
    assert MessageToDict(seen[-1].payload)["output"] == {"answer": 42, "first": True}
    assert runner.wait() == 0


def test_on_temporal_another_runner_finishes_the_run(
    start: Start, connect: Callable[[RunnerProcess], Any], contract: SimpleNamespace, peer: Peer
) -> None:
    first = start("dual", SHUTDOWN_GRACE_SECONDS="1")
    message = request(contract, "handed-over", HELD.replace("PEER", peer.url))
    begun = []
    events = connect(first).Execute(message)
    for event in events:
        begun.append(event)
        if event.task_name == "ask":
            break
    assert peer.came.wait(300)
    with httpx.stream("GET", f"{first.http_url}/api/v1/executions/handed-over/events") as following:
        lines = following.iter_lines()
        assert next(lines) == "id: 1"
        first.signal(signal.SIGTERM)
        # It ends, so that an EventSource connects again, to another runner.
        assert list(lines)[-1] == ""
    with pytest.raises(grpc.RpcError) as going:
        next(events)
    assert going.value.code() is grpc.StatusCode.UNAVAILABLE
    assert first.wait() == 0
    assert "Traceback" not in first.text
    assert '"calls_handed_over": 1' in first.text

    second = start("dual")
    peer.go.set()
    seen = list(connect(second).Execute(message))
    assert MessageToDict(seen[-1].payload)["output"] == {"answer": 42, "first": True}
    assert [event.sequence_number for event in seen] == list(range(1, len(seen) + 1))
    assert seen[: len(begun)] == begun
    assert [event.task_name for event in seen if event.event_type == "task_completed"] == ["first", "ask", "last"]
    # Once by the runner that went, once by the one that came.
    assert peer.calls == 2


def test_a_call_that_finishes_in_the_grace_is_not_repeated(
    start: Start, connect: Callable[[RunnerProcess], Any], contract: SimpleNamespace, peer: Peer
) -> None:
    first = start("dual", SHUTDOWN_GRACE_SECONDS="60")
    started = connect(first).ExecuteAsync(request(contract, "in-grace", HELD.replace("PEER", peer.url)))
    assert peer.came.wait(300)
    first.signal(signal.SIGTERM)
    first.wait_for("shutting down")
    peer.go.set()
    assert first.wait() == 0
    second = start("dual")
    seen = list(connect(second).Execute(contract.io.WorkflowExecuteInput(workflow_execution_id="in-grace")))
    assert seen[-1].event_type == "workflow_completed"
    assert (peer.calls, started.workflow_execution_id) == (1, "in-grace")


def test_a_second_signal_ends_the_grace(
    start: Start, connect: Callable[[RunnerProcess], Any], contract: SimpleNamespace, peer: Peer
) -> None:
    runner = start("dual", SHUTDOWN_GRACE_SECONDS="3600")
    connect(runner).ExecuteAsync(request(contract, "in-a-hurry", HELD.replace("PEER", peer.url)))
    assert peer.came.wait(300)
    runner.signal(signal.SIGTERM)
    runner.wait_for("shutting down")
    runner.signal(signal.SIGINT)
    assert runner.wait() == 0
    peer.go.set()
    second = start("dual")
    seen = list(connect(second).Execute(contract.io.WorkflowExecuteInput(workflow_execution_id="in-a-hurry")))
    assert seen[-1].event_type == "workflow_completed"


async def test_the_activity_goes_on_with_another_runner(
    start: Start, foreign: Client, contract: SimpleNamespace, peer: Peer
) -> None:
    first = await asyncio.to_thread(start, "temporal", SHUTDOWN_GRACE_SECONDS="1")
    message = request(contract, "activity", HELD.replace("PEER", peer.url))
    handle = await call(foreign, "goes-on", in_encoding("json/protobuf", message), heartbeat=3)
    await asyncio.to_thread(peer.came.wait, 300)
    first.signal(signal.SIGTERM)
    assert await asyncio.to_thread(first.wait) == 0
    await asyncio.to_thread(start, "temporal")
    peer.go.set()
    status = status_in(contract, await handle.result())
    assert MessageToDict(status.output) == {"answer": 42, "first": True}
    assert [task.task_name for task in status.tasks] == ["first", "ask", "last"]
