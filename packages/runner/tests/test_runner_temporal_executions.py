"""Executions on Temporal through the ports of two runners: either of them starts, follows, controls and shows them."""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf.json_format import MessageToDict
from stigmer_runner.testing import RunnerProcess
from temporalio.client import Client

from packages.engine.tests.temporal_server import start_dev_server

HEADER = "document: {dsl: 1.0.3, namespace: test, name: sample, version: 1.0.0}\n"
VALID = HEADER + "do:\n  - only: {set: {a: 1}}\n"
LONG = HEADER + "do:\n  - first: {set: {a: 1}}\n  - hold: {wait: {hours: 1}}\n  - last: {set: {b: 2}}\n"
LISTENING = HEADER + "do:\n  - got: {listen: {to: {one: {with: {type: com.example.go}}}}}\n"
SECRET = "value-of-the-token-0815"
ASKING = HEADER + (
    "use: {secrets: [TOKEN]}\n"
    "do:\n"
    "  - hold: {listen: {to: {one: {with: {type: com.example.go}}}}}\n"
    "  - ask:\n"
    "      call: http\n"
    "      with: {method: get, endpoint: PEER, headers: {token: '${ $secrets.TOKEN }'}}\n"
)
PARENT = HEADER + "do:\n  - child: {run: {workflow: {namespace: test, name: double, version: latest, input: {n: 4}}}}\n"
CHILD = "document: {dsl: 1.0.3, namespace: test, name: double, version: 1.0.0}\ndo:\n  - out: {set: '${ .n * 2 }'}\n"
Connect = Callable[[RunnerProcess], Any]


class Peer:
    """An HTTP server that remembers the tokens it gets."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        tokens = self.tokens

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                tokens.append(self.headers["token"])
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    found = Peer()
    yield found
    found.close()


@contextlib.contextmanager
def temporal_server(**options: Any) -> Iterator[str]:
    server = start_dev_server(**options)
    with asyncio.Runner() as runner:
        address = runner.run(server.__aenter__())
        try:
            yield address
        finally:
            runner.run(server.__aexit__(None, None, None))


@pytest.fixture(scope="module")
def temporal(temporal_address: str) -> str:
    return temporal_address


@pytest.fixture(scope="module")
def pair(temporal: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunnerProcess, RunnerProcess]]:
    """Two runners of one namespace."""
    folder = tmp_path_factory.mktemp("runners")
    documents = folder / "documents"
    documents.mkdir()
    (documents / "double.yaml").write_text(CHILD)
    settings = {
        "EXECUTION_MODE": "dual",
        "TEMPORAL_SERVICE_ADDRESS": temporal,
        "BLOB_STORAGE_PATH": str(folder / "blobs"),
        "DOCUMENTS_DIR": str(documents),
        "EXECUTION_CANCEL_GRACE_SECONDS": "1",
        "SHUTDOWN_GRACE_SECONDS": "1",
    }
    with ExitStack() as stack:
        yield (
            stack.enter_context(RunnerProcess(settings)),
            stack.enter_context(RunnerProcess(settings)),
        )


def status_of(runner: RunnerProcess, execution_id: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{runner.http_url}/api/v1/executions/{execution_id}").json()
    return found


def wait_for_status(runner: RunnerProcess, execution_id: str, status: str) -> dict[str, Any]:
    """The view, once it has the status."""
    while (found := status_of(runner, execution_id)).get("status") != status:
        time.sleep(0.05)
    return found


def code_of(call: Callable[[], object]) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as refused:
        call()
    code: grpc.StatusCode = refused.value.code()
    return code


def test_any_runner_follows_and_controls_what_another_one_started(
    pair: tuple[RunnerProcess, RunnerProcess], connect: Connect, contract: SimpleNamespace
) -> None:
    first, second = pair
    one, two = connect(first), connect(second)
    request = contract.io.WorkflowExecuteInput(workflow_execution_id="shared", workflow_yaml=LONG)
    events = one.Execute(request)
    seen = [next(events) for _ in range(6)]
    assert seen[-1].task_name == "hold"
    # The same request attaches, and sees everything.
    again = two.Execute(request)
    assert [next(again) for _ in range(6)] == seen
    assert two.ExecuteAsync(request).status == "running"

    identity = {"execution_id": "shared"}
    two.PauseExecution(contract.io.PauseExecutionRequest(**identity))
    assert wait_for_status(first, "shared", "paused")["tasks"][1]["task_name"] == "hold"
    two.PauseExecution(contract.io.PauseExecutionRequest(**identity))
    one.ResumeExecution(contract.io.ResumeExecutionRequest(**identity))
    wait_for_status(second, "shared", "running")
    two.CancelExecution(contract.io.CancelExecutionRequest(**identity, reason="enough"))
    rest = list(events)
    assert [event.event_type for event in rest if event.event_type.startswith("workflow")] == [
        "workflow_paused",
        "workflow_resumed",
        "workflow_cancelled",
    ]
    assert "enough" in rest[-1].message
    assert [event.sequence_number for event in seen + rest] == list(range(1, len(seen) + len(rest) + 1))
    assert list(again) == rest
    # Where it has been cancelled already, asking for it is a success; what cannot be, is refused.
    one.CancelExecution(contract.io.CancelExecutionRequest(**identity))
    pause, resume = contract.io.PauseExecutionRequest(**identity), contract.io.ResumeExecutionRequest(**identity)
    assert code_of(lambda: one.PauseExecution(pause)) is grpc.StatusCode.FAILED_PRECONDITION
    assert code_of(lambda: two.ResumeExecution(resume)) is grpc.StatusCode.FAILED_PRECONDITION


def test_a_forced_cancellation_waits_for_nothing(
    pair: tuple[RunnerProcess, RunnerProcess], connect: Connect, contract: SimpleNamespace
) -> None:
    stub = connect(pair[0])
    events = stub.Execute(contract.io.WorkflowExecuteInput(workflow_execution_id="forced", workflow_yaml=LONG))
    next(event for event in events if event.task_name == "hold")
    stub.CancelExecution(contract.io.CancelExecutionRequest(execution_id="forced", force=True))
    assert list(events)[-1].event_type == "workflow_cancelled"


def test_an_id_is_for_one_request(
    pair: tuple[RunnerProcess, RunnerProcess], connect: Connect, contract: SimpleNamespace
) -> None:
    one, two = map(connect, pair)
    request = contract.io.WorkflowExecuteInput(workflow_execution_id="taken", workflow_yaml=VALID)
    list(one.Execute(request))
    assert [event.event_type for event in two.Execute(request)][-1] == "workflow_completed"
    only_id = contract.io.WorkflowExecuteInput(workflow_execution_id="taken")
    assert two.ExecuteAsync(only_id).status == "completed"
    other = contract.io.WorkflowExecuteInput(workflow_execution_id="taken", workflow_yaml=VALID + "\n")
    assert code_of(lambda: two.ExecuteAsync(other)) is grpc.StatusCode.ALREADY_EXISTS
    cancel = contract.io.CancelExecutionRequest(execution_id="taken")
    assert code_of(lambda: one.CancelExecution(cancel)) is grpc.StatusCode.FAILED_PRECONDITION


def test_an_unknown_id_is_not_found(
    pair: tuple[RunnerProcess, RunnerProcess], connect: Connect, contract: SimpleNamespace
) -> None:
    stub = connect(pair[0])
    unknown = contract.io.CancelExecutionRequest(execution_id="nobody")
    assert code_of(lambda: stub.CancelExecution(unknown)) is grpc.StatusCode.NOT_FOUND
    assert httpx.get(f"{pair[0].http_url}/api/v1/executions/nobody").status_code == 404
    assert httpx.get(f"{pair[0].http_url}/api/v1/executions/nobody/events").status_code == 404
    pull = contract.io.WorkflowExecuteInput(workflow_execution_id="nobody")
    assert code_of(lambda: stub.ExecuteAsync(pull)) is grpc.StatusCode.FAILED_PRECONDITION


def test_events_go_on_after_the_last_one_that_was_seen(
    pair: tuple[RunnerProcess, RunnerProcess], connect: Connect, contract: SimpleNamespace
) -> None:
    list(connect(pair[0]).Execute(contract.io.WorkflowExecuteInput(workflow_execution_id="sse", workflow_yaml=VALID)))
    url = f"{pair[1].http_url}/api/v1/executions/sse/events"
    with httpx.stream("GET", url, headers={"last-event-id": "2"}) as answer:
        ids = [int(line[4:]) for line in answer.iter_lines() if line.startswith("id: ")]
    assert ids == list(range(3, status_of(pair[0], "sse")["sequence_number"] + 1))


def test_an_event_that_is_posted_to_one_runner_reaches_listeners_everywhere(
    pair: tuple[RunnerProcess, RunnerProcess], connect: Connect, contract: SimpleNamespace
) -> None:
    events = connect(pair[0]).Execute(contract.io.WorkflowExecuteInput(workflow_yaml=LISTENING))
    next(event for event in events if event.task_name == "got")
    event = {"specversion": "1.0", "id": "1", "source": "/test", "type": "com.example.go", "data": {"n": 1}}
    posted = httpx.post(
        f"{pair[1].http_url}/api/v1/events", json=event, headers={"content-type": "application/cloudevents+json"}
    )
    assert posted.status_code == 202
    assert MessageToDict(list(events)[-1].payload)["output"] == [{"n": 1}]
    refused = httpx.post(
        f"{pair[1].http_url}/api/v1/events", json={"id": 1}, headers={"content-type": "application/cloudevents+json"}
    )
    assert refused.status_code == 400


async def test_secrets_are_in_no_history_and_belong_to_the_first_request(
    pair: tuple[RunnerProcess, RunnerProcess], connect: Connect, contract: SimpleNamespace, peer: Peer, temporal: str
) -> None:
    stub = connect(pair[0])
    document = ASKING.replace("PEER", peer.url)

    def request(token: str, text: str = document) -> Any:
        return contract.io.WorkflowExecuteInput(
            workflow_execution_id="sealed", workflow_yaml=text, env_vars={"TOKEN": token}
        )

    events = await asyncio.to_thread(stub.Execute, request(SECRET))
    await asyncio.to_thread(lambda: next(event for event in events if event.task_name == "hold"))
    other = request("value-of-an-intruder", document + "\n")
    assert await asyncio.to_thread(code_of, lambda: stub.ExecuteAsync(other)) is grpc.StatusCode.ALREADY_EXISTS
    event = {"specversion": "1.0", "id": "1", "source": "/test", "type": "com.example.go"}
    headers = {"content-type": "application/cloudevents+json"}
    await asyncio.to_thread(httpx.post, f"{pair[1].http_url}/api/v1/events", json=event, headers=headers)
    last = (await asyncio.to_thread(lambda: list(events)))[-1]
    assert last.event_type == "workflow_completed", last.message
    assert peer.tokens == [SECRET]
    client = await Client.connect(temporal)
    handle = client.get_workflow_handle("stigmer/workflow-execution/interpret/sealed")
    history = b"".join([event.SerializeToString() async for event in handle.fetch_history_events()])
    memo = json.dumps(dict(await (await handle.describe()).memo()))
    assert b"com.example.go" in history
    assert SECRET.encode() not in history
    assert SECRET not in memo + pair[0].text + pair[1].text


def test_a_sub_workflow_is_found_by_its_id(
    pair: tuple[RunnerProcess, RunnerProcess], connect: Connect, contract: SimpleNamespace
) -> None:
    request = contract.io.WorkflowExecuteInput(workflow_execution_id="family", workflow_yaml=PARENT)
    events = list(connect(pair[0]).Execute(request))
    assert MessageToDict(events[-1].payload)["output"] == 8
    child = status_of(pair[1], "family/1")
    assert (child["parent_execution_id"], child["output"], child["progress"]) == ("family", 8, 100)


def test_an_id_with_a_slash_is_no_sub_workflow(
    pair: tuple[RunnerProcess, RunnerProcess], connect: Connect, contract: SimpleNamespace
) -> None:
    request = contract.io.WorkflowExecuteInput(workflow_execution_id="outer/inner", workflow_yaml=VALID)
    assert list(connect(pair[0]).Execute(request))[-1].event_type == "workflow_completed"
    assert status_of(pair[1], "outer/inner")["parent_execution_id"] is None
    assert status_of(pair[1], "family")["progress"] == 100


async def test_an_execution_that_could_not_begin_has_failed_for_everybody(
    pair: tuple[RunnerProcess, RunnerProcess], connect: Connect, contract: SimpleNamespace, temporal: str
) -> None:
    client = await Client.connect(temporal)
    start: dict[str, object] = {"execution_id": "broken", "nonce": "n"}
    await client.start_workflow(
        "stigmer/workflow-execution/interpret",
        args=["do: nothing", start, {"input": {}}],
        id="stigmer/workflow-execution/interpret/broken",
        task_queue="stigmer-workflows",
    )
    request = contract.io.WorkflowExecuteInput(workflow_execution_id="broken")
    events = await asyncio.to_thread(lambda: list(connect(pair[0]).Execute(request)))
    assert [(event.sequence_number, event.event_type) for event in events] == [(1, "workflow_failed")]
    found = await asyncio.to_thread(status_of, pair[1], "broken")
    assert (found["status"], found["sequence_number"]) == ("failed", 1)


def test_a_runner_is_ready_as_long_as_temporal_answers(tmp_path: Path) -> None:
    def until(runner: RunnerProcess, code: int) -> None:
        while httpx.get(f"{runner.http_url}/readyz").status_code != code:
            time.sleep(0.2)

    with ExitStack() as stack:
        with temporal_server(database=tmp_path / "temporal.db") as address:
            settings = {
                "EXECUTION_MODE": "temporal",
                "TEMPORAL_SERVICE_ADDRESS": address,
                "BLOB_STORAGE_PATH": str(tmp_path / "blobs"),
            }
            runner = stack.enter_context(RunnerProcess(settings))
            until(runner, 200)
        until(runner, 503)
        assert httpx.get(f"{runner.http_url}/livez").status_code == 200
        with temporal_server(database=tmp_path / "temporal.db", port=int(address.rpartition(":")[2])):
            until(runner, 200)
