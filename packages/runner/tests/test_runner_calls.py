"""The five calls, by a grpcio client against a real process."""

import uuid
from types import SimpleNamespace
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf.json_format import MessageToDict
from stigmer_runner.testing import RunnerProcess

HEADER = "document: {dsl: 1.0.0, namespace: test, name: sample, version: 1.0.0}\n"
TWO_STEPS = HEADER + "do:\n  - first: {set: {a: '${ .n + 1 }'}}\n  - second: {set: {b: '${ .a + 1 }'}}\n"
ENDLESS = HEADER + "do:\n  - hold: {wait: {hours: 1}}\n"
# Every round is a boundary at which a pause can take effect.
LOOP = HEADER + "do:\n  - tick: {wait: {milliseconds: 50}, then: tick}\n"
FAILING = HEADER + (
    "do:\n  - stop: {raise: {error: {type: 'https://example.com/errors/nope', status: 418, title: No, detail: pot}}}\n"
)


def new_id() -> str:
    return f"test-{uuid.uuid4()}"


def run(stub: Any, contract: SimpleNamespace, document: str, **fields: Any) -> list[Any]:
    return list(stub.Execute(contract.io.WorkflowExecuteInput(workflow_yaml=document, **fields)))


def status_of(runner: RunnerProcess, execution_id: str) -> dict[str, Any]:
    answer = httpx.get(f"{runner.http_url}/api/v1/executions/{execution_id}")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def wait_for_status(runner: RunnerProcess, execution_id: str, *wanted: str) -> dict[str, Any]:
    while True:
        found = status_of(runner, execution_id)
        if found["status"] in wanted:
            return found


def test_execute_streams_every_event(stub: Any, contract: SimpleNamespace) -> None:
    execution_id = new_id()
    events = run(stub, contract, TWO_STEPS, workflow_execution_id=execution_id, workflow_input={"n": 1})
    assert [event.sequence_number for event in events] == list(range(1, len(events) + 1))
    assert {event.workflow_execution_id for event in events} == {execution_id}
    assert {event.workflow_name for event in events} == {"sample"}
    assert [event.event_type for event in events if event.task_name] == ["task_started", "task_completed"] * 2
    assert [event.task_reference for event in events if event.task_name][::2] == ["/do/0/first", "/do/1/second"]
    last = events[-1]
    assert (last.event_type, last.status) == ("workflow_completed", "completed")
    assert MessageToDict(last.payload)["output"] == {"b": 3}


def test_a_failure_is_an_event_and_the_stream_ends_well(stub: Any, contract: SimpleNamespace) -> None:
    last = run(stub, contract, FAILING)[-1]
    assert (last.event_type, last.status) == ("workflow_failed", "failed")
    assert (last.error.type, last.error.status) == ("https://example.com/errors/nope", 418)
    assert last.error.instance == "/do/0/stop"


def test_execute_async_answers_with_urls(runner: RunnerProcess, stub: Any, contract: SimpleNamespace) -> None:
    answer = stub.ExecuteAsync(contract.io.WorkflowExecuteInput(workflow_yaml=TWO_STEPS, workflow_input={"n": 1}))
    assert answer.workflow_execution_id.startswith("wex-")
    assert answer.status in ("pending", "running")
    assert answer.status_url == f"{runner.http_url}/api/v1/executions/{answer.workflow_execution_id}"
    assert answer.subscribe_url == f"{answer.status_url}/events"
    found = wait_for_status(runner, answer.workflow_execution_id, "completed")
    assert (found["progress"], found["output"]) == (100, {"b": 3})


def test_repeating_an_id_finds_the_same_execution(runner: RunnerProcess, stub: Any, contract: SimpleNamespace) -> None:
    request = contract.io.WorkflowExecuteInput(workflow_execution_id=new_id(), workflow_yaml=ENDLESS)
    first = stub.ExecuteAsync(request)
    assert stub.ExecuteAsync(request).workflow_execution_id == first.workflow_execution_id
    started = status_of(runner, first.workflow_execution_id)["started_at"]
    assert stub.ExecuteAsync(request).status == "running"
    assert status_of(runner, first.workflow_execution_id)["started_at"] == started

    joined = stub.Execute(contract.io.WorkflowExecuteInput(workflow_execution_id=first.workflow_execution_id))
    assert next(joined).sequence_number == 1
    stub.CancelExecution(contract.io.CancelExecutionRequest(execution_id=first.workflow_execution_id))
    assert [event.event_type for event in joined][-1] == "workflow_cancelled"


def test_repeating_a_finished_id_replays_it(stub: Any, contract: SimpleNamespace) -> None:
    execution_id = new_id()
    request = {"workflow_execution_id": execution_id, "workflow_input": {"n": 1}}
    assert run(stub, contract, TWO_STEPS, **request) == run(stub, contract, TWO_STEPS, **request)


def test_the_same_id_for_another_document_is_refused(stub: Any, contract: SimpleNamespace) -> None:
    execution_id = new_id()
    run(stub, contract, TWO_STEPS, workflow_execution_id=execution_id, workflow_input={"n": 1})
    with pytest.raises(grpc.RpcError) as caught:
        run(stub, contract, FAILING, workflow_execution_id=execution_id)
    assert caught.value.code() is grpc.StatusCode.ALREADY_EXISTS


def test_cancel(runner: RunnerProcess, stub: Any, contract: SimpleNamespace) -> None:
    request = contract.io.WorkflowExecuteInput(workflow_execution_id=new_id(), workflow_yaml=ENDLESS)
    events = stub.Execute(request)
    assert next(events).event_type == "workflow_started"
    cancel = contract.io.CancelExecutionRequest(execution_id=request.workflow_execution_id, reason="enough")
    stub.CancelExecution(cancel)
    last = list(events)[-1]
    assert (last.event_type, last.status) == ("workflow_cancelled", "cancelled")
    assert "enough" in last.message
    assert stub.CancelExecution(cancel) is not None
    assert status_of(runner, request.workflow_execution_id)["status"] == "cancelled"


def test_pause_and_resume(runner: RunnerProcess, stub: Any, contract: SimpleNamespace) -> None:
    execution_id = new_id()
    stub.ExecuteAsync(contract.io.WorkflowExecuteInput(workflow_execution_id=execution_id, workflow_yaml=LOOP))
    pause = contract.io.PauseExecutionRequest(execution_id=execution_id)
    resume = contract.io.ResumeExecutionRequest(execution_id=execution_id)
    stub.PauseExecution(pause)
    paused = wait_for_status(runner, execution_id, "paused")
    stub.PauseExecution(pause)
    assert status_of(runner, execution_id)["sequence_number"] == paused["sequence_number"]
    stub.ResumeExecution(resume)
    wait_for_status(runner, execution_id, "running")
    stub.ResumeExecution(resume)
    stub.CancelExecution(contract.io.CancelExecutionRequest(execution_id=execution_id))
    wait_for_status(runner, execution_id, "cancelled")


@pytest.mark.parametrize("method", ["CancelExecution", "PauseExecution", "ResumeExecution"])
def test_control_of_what_is_not_there(stub: Any, contract: SimpleNamespace, method: str) -> None:
    request = getattr(contract.io, f"{method}Request")
    with pytest.raises(grpc.RpcError) as unknown:
        getattr(stub, method)(request(execution_id=new_id()))
    assert unknown.value.code() is grpc.StatusCode.NOT_FOUND
    with pytest.raises(grpc.RpcError) as empty:
        getattr(stub, method)(request())
    assert empty.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("method", ["CancelExecution", "PauseExecution", "ResumeExecution"])
@pytest.mark.parametrize("document", [TWO_STEPS, FAILING], ids=["completed", "failed"])
def test_control_of_what_has_ended(stub: Any, contract: SimpleNamespace, method: str, document: str) -> None:
    execution_id = run(stub, contract, document, workflow_input={"n": 1})[0].workflow_execution_id
    request = getattr(contract.io, f"{method}Request")
    with pytest.raises(grpc.RpcError) as caught:
        getattr(stub, method)(request(execution_id=execution_id))
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert execution_id in caught.value.details()


def test_a_deadline_ends_the_call_and_not_the_run(runner: RunnerProcess, stub: Any, contract: SimpleNamespace) -> None:
    request = contract.io.WorkflowExecuteInput(workflow_execution_id=new_id(), workflow_yaml=ENDLESS)
    with pytest.raises(grpc.RpcError) as caught:
        list(stub.Execute(request, timeout=1))
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert status_of(runner, request.workflow_execution_id)["status"] == "running"
    stub.CancelExecution(contract.io.CancelExecutionRequest(execution_id=request.workflow_execution_id))


def test_the_limit_of_the_request_is_a_timeout_error(stub: Any, contract: SimpleNamespace) -> None:
    last = run(stub, contract, ENDLESS, config={"max_timeout_seconds": 1})[-1]
    assert last.event_type == "workflow_failed"
    assert last.error.type.endswith("/timeout")
    assert last.error.status == 408


def test_a_deep_payload_reaches_the_client(stub: Any, contract: SimpleNamespace) -> None:
    deep = HEADER + "do:\n  - dig: {set: '${ reduce range(200) as $i (1; {a: .}) }'}\n"
    last = run(stub, contract, deep)[-1]
    assert last.status == "completed"
    value: Any = MessageToDict(last.payload)["output"]
    while isinstance(value, dict):
        value = value["a"]
    assert value.startswith('{"a":')


def test_variables_declared_as_secrets_are_secrets(stub: Any, contract: SimpleNamespace) -> None:
    document = (
        HEADER
        + "use: {secrets: [TOKEN]}\ndo:\n  - show: {set: {s: '${ $secrets.TOKEN }', e: '${ $runtime.metadata }'}}\n"
    )
    events = run(stub, contract, document, env_vars={"TOKEN": "s3cr3t-value", "PLAIN": "visible"})
    assert events[-1].status == "completed"
    assert b"s3cr3t-value" not in b"".join(event.SerializeToString() for event in events)
