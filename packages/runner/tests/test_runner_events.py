"""Events posted to the HTTP port reach executions that were started over gRPC; what is no event reaches nobody."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from google.protobuf.json_format import MessageToDict
from stigmer_runner.testing import RunnerProcess

EXAMPLE = Path(__file__).parents[3] / "examples" / "approval" / "approval.yaml"
HEADER = "document: {dsl: 1.0.3, namespace: test, name: sample, version: 1.0.0}\n"
LISTENER = HEADER + "do:\n  - got: {listen: {to: {one: {with: {type: ping}}}, read: envelope}, output: {as: '.[0]'}}\n"
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
EVENT = {"specversion": "1.0", "id": "1", "source": "/test", "type": "ping", "data": {"n": 1}}

Start = Callable[..., RunnerProcess]
Connect = Callable[[RunnerProcess], Any]


def post(runner: RunnerProcess, body: object, content_type: str = STRUCTURED, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.post(
        f"{runner.http_url}/api/v1/events", content=content, headers={"content-type": content_type, **headers}
    )


def listening(stub: Any, contract: SimpleNamespace, document: str, **request: Any) -> Any:
    """The events of a run, read until it waits; the rest is read by the caller."""
    events = stub.Execute(contract.io.WorkflowExecuteInput(workflow_yaml=document, **request))
    for event in events:
        if event.event_type == "task_started":
            return events
    raise AssertionError("the run ended before it listened")


def output_of(events: Any) -> Any:
    last = list(events)[-1]
    assert last.event_type == "workflow_completed", last.message
    return MessageToDict(last.payload)["output"]


@pytest.mark.parametrize("mode", ["structured", "binary", "batch"])
def test_an_event_in_each_mode_ends_the_listening(
    runner: RunnerProcess, stub: Any, contract: SimpleNamespace, mode: str
) -> None:
    events = listening(stub, contract, LISTENER)
    match mode:
        case "structured":
            answer = post(runner, EVENT)
        case "batch":
            answer = post(runner, [{**EVENT, "type": "pong"}, EVENT], BATCH)
        case _:
            attributes = {f"ce-{name}": str(EVENT[name]) for name in ("specversion", "id", "source", "type")}
            answer = post(runner, {"n": 1}, "application/json", **attributes)
    assert (answer.status_code, answer.content) == (202, b"")
    got = output_of(events)
    assert {name: got[name] for name in ("id", "source", "type", "data")} == {
        "id": "1",
        "source": "/test",
        "type": "ping",
        "data": {"n": 1},
    }


def test_the_example_of_an_approval(runner: RunnerProcess, stub: Any, contract: SimpleNamespace) -> None:
    started = stub.ExecuteAsync(
        contract.io.WorkflowExecuteInput(workflow_yaml=EXAMPLE.read_text(), workflow_input={"id": "e-7", "amount": 80})
    )
    decided = {**EVENT, "type": "com.example.expense.decided"}
    assert post(runner, {**decided, "id": "x", "data": {"id": "e-6", "approved": False}}).status_code == 202
    assert post(runner, {**decided, "data": {"id": "e-7", "approved": True, "by": "Ann"}}).status_code == 202
    last = list(stub.Execute(contract.io.WorkflowExecuteInput(workflow_execution_id=started.workflow_execution_id)))[-1]
    assert MessageToDict(last.payload)["output"] == {"expense": "e-7", "approved": True, "by": "Ann"}


def test_every_listener_gets_an_event(runner: RunnerProcess, stub: Any, contract: SimpleNamespace) -> None:
    several = [listening(stub, contract, LISTENER) for _ in range(3)]
    assert post(runner, EVENT).status_code == 202
    assert [output_of(events)["id"] for events in several] == ["1", "1", "1"]


def test_a_paused_run_gets_the_event_when_it_goes_on(
    runner: RunnerProcess, stub: Any, contract: SimpleNamespace
) -> None:
    events = listening(stub, contract, LISTENER, workflow_execution_id="paused-listener")
    stub.PauseExecution(contract.io.PauseExecutionRequest(execution_id="paused-listener"))
    assert next(event.event_type for event in events if not event.task_name) == "workflow_paused"
    assert post(runner, EVENT).status_code == 202
    stub.ResumeExecution(contract.io.ResumeExecutionRequest(execution_id="paused-listener"))
    assert output_of(events)["id"] == "1"


@pytest.mark.parametrize(
    ("body", "content_type", "status", "said"),
    [
        (b"{", STRUCTURED, 400, "not JSON"),
        (b"[]", STRUCTURED, 400, "an object"),
        (b"\xff\xfe", STRUCTURED, 400, "not JSON"),
        (b"[" * 100_000, STRUCTURED, 400, "not JSON"),
        ({**EVENT, "specversion": "0.3"}, STRUCTURED, 400, "specversion"),
        ({**EVENT, "id": ""}, STRUCTURED, 400, "`id` is empty"),
        ({**EVENT, "Bad-Name": 1}, STRUCTURED, 400, "Bad-Name"),
        ({**EVENT, "data_base64": "AA=="}, STRUCTURED, 400, "both"),
        ({"type": "ping"}, STRUCTURED, 400, "specversion"),
        (EVENT, BATCH, 400, "array"),
        ([EVENT, {"type": "ping"}], BATCH, 400, "specversion"),
        ([EVENT] * 1001, BATCH, 400, "at most 1000"),
        (EVENT, "application/json", 415, STRUCTURED),
        (EVENT, "application/cloudevents+avro", 415, "avro"),
        (b"", "text/plain", 415, STRUCTURED),
    ],
)
def test_what_is_no_event_is_refused(
    runner: RunnerProcess, body: object, content_type: str, status: int, said: str
) -> None:
    answer = post(runner, body, content_type)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]


def test_a_batch_with_one_bad_event_reaches_nobody(runner: RunnerProcess, stub: Any, contract: SimpleNamespace) -> None:
    events = listening(stub, contract, LISTENER)
    assert post(runner, [{**EVENT, "id": "bad batch"}, {"type": "ping"}], BATCH).status_code == 400
    assert post(runner, {**EVENT, "id": "good"}).status_code == 202
    assert output_of(events)["id"] == "good"


def test_an_event_that_is_cut_short_reaches_nobody(runner: RunnerProcess, stub: Any, contract: SimpleNamespace) -> None:
    events = listening(stub, contract, LISTENER)
    head = (
        "POST /api/v1/events HTTP/1.1\r\nhost: runner\r\ncontent-type: text/plain\r\ncontent-length: 100\r\n"
        "ce-specversion: 1.0\r\nce-id: cut\r\nce-source: /test\r\nce-type: ping\r\n\r\nonly a part"
    )
    with socket.create_connection(("127.0.0.1", runner.http_port)) as connection:
        connection.sendall(head.encode())
        # The runner has read it once it answers somebody else.
        assert httpx.get(f"{runner.http_url}/livez").status_code == 200
    assert post(runner, {**EVENT, "id": "whole"}).status_code == 202
    assert output_of(events)["id"] == "whole"


def test_other_methods_are_refused(runner: RunnerProcess) -> None:
    for method in ("GET", "PUT", "DELETE"):
        answer = httpx.request(method, f"{runner.http_url}/api/v1/events")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_expressions_in_an_event_stay_data(runner: RunnerProcess, stub: Any, contract: SimpleNamespace) -> None:
    events = listening(stub, contract, LISTENER)
    assert post(runner, {**EVENT, "data": {"n": "${ 1 + 1 }"}}).status_code == 202
    assert output_of(events)["data"] == {"n": "${ 1 + 1 }"}


def test_the_bounds_are_settings(start_runner: Start) -> None:
    runner = start_runner(MAX_EVENT_BYTES="1024", MAX_EVENT_BATCH="2")
    assert post(runner, {**EVENT, "data": "x" * 1024}).status_code == 413
    assert post(runner, [{**EVENT, "id": str(n)} for n in range(3)], BATCH).status_code == 400
    assert post(runner, [EVENT, EVENT], BATCH).status_code == 202


def test_with_a_key_events_need_it(start_runner: Start, connect: Connect, contract: SimpleNamespace) -> None:
    runner = start_runner(RUNNER_API_KEY="runner-key-123")
    for wrong in ({}, {"authorization": "Bearer wrong"}, {"authorization": "runner-key-123"}):
        refused = post(runner, EVENT, **wrong)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert refused.headers["content-type"] == "application/problem+json"
    assert post(runner, EVENT, authorization="Bearer runner-key-123").status_code == 202


def test_emitted_events_and_lifecycle_events_go_to_their_sinks(
    start_runner: Start, connect: Connect, contract: SimpleNamespace
) -> None:
    # A second runner is a receiver of CloudEvents: what reaches it ends its listeners.
    receiver = start_runner(RUNNER_API_KEY="sink-token-1")
    metadata = [("authorization", "Bearer sink-token-1")]
    received = connect(receiver)
    url = f"{receiver.http_url}/api/v1/events"
    wanted = {
        "emitted": HEADER + "do:\n  - got: {listen: {to: {one: {with: {type: order}}}, read: envelope}}\n",
        "lifecycle": HEADER
        + "do:\n  - got: {listen: {to: {one: {with: {type: io.serverlessworkflow.workflow.completed.v1}}}}}\n",
    }
    streams = {}
    for name, document in wanted.items():
        request = contract.io.WorkflowExecuteInput(workflow_yaml=document)
        streams[name] = received.Execute(request, metadata=metadata)
        assert next(event.event_type for event in streams[name] if event.task_name) == "task_started"
    sender = start_runner(
        EVENT_SINK_URL=url,
        EVENT_SINK_TOKEN="sink-token-1",
        EVENT_SINK_MODE="binary",
        LIFECYCLE_SINK_URL=url,
        LIFECYCLE_SINK_TOKEN="sink-token-1",
    )
    emitting = HEADER + "do:\n  - send: {emit: {event: {with: {type: order, data: {n: 7}}}}}\n"
    run = list(connect(sender).Execute(contract.io.WorkflowExecuteInput(workflow_yaml=emitting)))
    assert run[-1].event_type == "workflow_completed"
    assert output_of(streams["emitted"])[0]["data"] == {"n": 7}
    execution_id = run[0].workflow_execution_id
    completed = output_of(streams["lifecycle"])[0]
    assert completed["outputUri"] == f"{sender.http_url}/api/v1/executions/{execution_id}"
    assert "sink-token-1" not in sender.text


def test_an_event_that_nobody_takes_fails_the_emit_and_lifecycle_events_do_not(
    start_runner: Start, connect: Connect, contract: SimpleNamespace
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
    runner = start_runner(
        EVENT_SINK_URL=f"http://127.0.0.1:{closed}/",
        LIFECYCLE_SINK_URL=f"http://127.0.0.1:{closed}/",
        EVENT_SINK_RETRIES="0",
    )
    stub = connect(runner)
    emitting = HEADER + "do:\n  - send: {emit: {event: {with: {type: order}}}}\n"
    last = list(stub.Execute(contract.io.WorkflowExecuteInput(workflow_yaml=emitting)))[-1]
    assert (last.event_type, last.error.type.rpartition("/")[2]) == ("workflow_failed", "communication")
    quiet = HEADER + "do:\n  - keep: {set: {a: 1}}\n"
    assert list(stub.Execute(contract.io.WorkflowExecuteInput(workflow_yaml=quiet)))[-1].status == "completed"
