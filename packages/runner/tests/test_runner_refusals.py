"""What is refused, with which status, and what the details hold; seen by grpcio."""

import base64
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpclib.metadata import encode_grpc_message
from stigmer_runner.testing import RunnerProcess

HEADER = "document: {dsl: 1.0.0, namespace: test, name: sample, version: 1.0.0}\n"
VALID = HEADER + "do:\n  - only: {set: {a: 1}}\n"
ENDLESS = HEADER + "do:\n  - hold: {wait: {hours: 1}}\n"
EXECUTE_ASYNC = "/ai.stigmer.agentic.workflowrunner.v1.WorkflowExecutionService/ExecuteAsync"


def refusal(call: Callable[[], Any]) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value


def status_of(error: Any) -> Any:
    """The `google.rpc.Status` in the trailers, checked the way grpcio-status does it."""
    trailers = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    assert status.code == error.code().value[0]
    assert status.message == error.details()
    return status


def detail(error: Any, kind: Any) -> Any:
    for packed in status_of(error).details:
        if packed.Is(kind.DESCRIPTOR):
            message = kind()
            packed.Unpack(message)
            return message
    raise AssertionError(f"no {kind.DESCRIPTOR.full_name} among the details")


@pytest.mark.parametrize("method", ["Execute", "ExecuteAsync"])
def test_all_problems_of_a_document_are_in_the_details(stub: Any, contract: SimpleNamespace, method: str) -> None:
    document = HEADER + "do:\n  - a: {sett: {x: 1}}\n  - b: {wait: {parsecs: 1}}\n  - c: {set: {y: '${ .( }'}}\n"
    request = contract.io.WorkflowExecuteInput(workflow_yaml=document)
    error = refusal(
        lambda: list(answer) if (answer := getattr(stub, method)(request)) and method == "Execute" else answer
    )
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    problems = detail(error, contract.progress.ValidationProblems).problems
    assert {problem.pointer.split("/")[2] for problem in problems} == {"0", "1", "2"}
    assert all(problem.code and problem.message and problem.line for problem in problems)
    violations = detail(error, error_details_pb2.BadRequest).field_violations
    assert [violation.field for violation in violations] == [f"workflow_yaml#{problem.pointer}" for problem in problems]
    info = detail(error, error_details_pb2.ErrorInfo)
    assert (info.reason, info.domain) == ("INVALID_DOCUMENT", "runner.stigmer.ai")
    assert info.metadata["problems"] == str(len(problems))


@pytest.mark.parametrize("name", ["task", "täsk" * 20, "任务" * 60, "💥" * 100])
def test_a_flood_of_problems_fits_into_the_trailers(stub: Any, contract: SimpleNamespace, name: str) -> None:
    tasks = "".join(f"  - {name}{number}: {{sett{name}: {{x: {'y' * 200}}}}}\n" for number in range(500))
    error = refusal(lambda: stub.ExecuteAsync(contract.io.WorkflowExecuteInput(workflow_yaml=f"{HEADER}do:\n{tasks}")))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    info = detail(error, error_details_pb2.ErrorInfo)
    shown = detail(error, contract.progress.ValidationProblems).problems
    assert shown
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    assert len(base64.b64encode(details)) + len(encode_grpc_message(error.details())) < 8_000
    assert int(info.metadata["problems"]) >= 500
    assert int(info.metadata["problems_left_out"]) == int(info.metadata["problems"]) - len(shown)


@pytest.mark.parametrize(
    "document",
    [
        "a: [b",
        "- not\n- an object",
        "a: &a [*a, *a]",
        HEADER + "do: []\ndo: []",
        HEADER + "do:\n  - a: {set: {x: '${ env }'}}",
        HEADER + "do:\n  - a: {set: {x: 1}, then: nowhere}",
        "[" * 10_000,
        "{a: " * 10_000,
        "\x00",
        "💥",
    ],
    ids=["syntax", "list", "cycle", "duplicate", "env", "target", "deep", "deep-maps", "nul", "scalar"],
)
def test_hostile_documents_end_in_a_clear_refusal(stub: Any, contract: SimpleNamespace, document: str) -> None:
    error = refusal(lambda: stub.ExecuteAsync(contract.io.WorkflowExecuteInput(workflow_yaml=document)))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert detail(error, contract.progress.ValidationProblems).problems
    assert stub.ExecuteAsync(contract.io.WorkflowExecuteInput(workflow_yaml=VALID)).workflow_execution_id


def test_a_document_over_the_limit(stub: Any, contract: SimpleNamespace) -> None:
    request = contract.io.WorkflowExecuteInput(workflow_yaml=VALID + "#" * 2_000_000)
    error = refusal(lambda: stub.ExecuteAsync(request))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "MAX_DOCUMENT_BYTES" in error.details()
    assert detail(error, error_details_pb2.BadRequest).field_violations[0].field == "workflow_yaml"


def test_a_message_over_the_limit_leaves_the_connection_usable(
    runner: RunnerProcess, contract: SimpleNamespace
) -> None:
    with grpc.insecure_channel(runner.grpc_target) as channel:
        stub = contract.service.WorkflowExecutionServiceStub(channel)
        huge = contract.io.WorkflowExecuteInput(workflow_yaml="#" * 12_000_000)
        for _ in range(4):
            error = refusal(lambda: stub.ExecuteAsync(huge))
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert stub.ExecuteAsync(contract.io.WorkflowExecuteInput(workflow_yaml=VALID)).workflow_execution_id


@pytest.mark.parametrize("data", [b"\xff\xff\xff", b"\x0a\x05ab", b"\x12\x02\xff\xfe"])
def test_bytes_that_are_no_message(runner: RunnerProcess, data: bytes) -> None:
    with grpc.insecure_channel(runner.grpc_target) as channel:
        error = refusal(lambda: channel.unary_unary(EXECUTE_ASYNC)(data))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_compressed_requests_are_refused_by_name(runner: RunnerProcess, contract: SimpleNamespace) -> None:
    with grpc.insecure_channel(runner.grpc_target, compression=grpc.Compression.Gzip) as channel:
        stub = contract.service.WorkflowExecutionServiceStub(channel)
        # grpcio sends small messages as they are.
        request = contract.io.WorkflowExecuteInput(workflow_yaml=VALID + "#" * 10_000)
        error = refusal(lambda: stub.ExecuteAsync(request))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


def test_an_unknown_method_is_unimplemented(runner: RunnerProcess) -> None:
    with grpc.insecure_channel(runner.grpc_target) as channel:
        error = refusal(lambda: channel.unary_unary(f"{EXECUTE_ASYNC}x")(b""))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_request_without_document_says_what_to_do(stub: Any, contract: SimpleNamespace) -> None:
    neither = refusal(lambda: stub.ExecuteAsync(contract.io.WorkflowExecuteInput()))
    assert neither.code() is grpc.StatusCode.INVALID_ARGUMENT
    unknown = contract.io.WorkflowExecuteInput(workflow_execution_id=str(uuid.uuid4()))
    error = refusal(lambda: stub.ExecuteAsync(unknown))
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "STIGMER_SERVICE_ENDPOINT" in error.details()


@pytest.mark.parametrize(
    "fields",
    [
        {"workflow_execution_id": "x" * 257},
        {"workflow_execution_id": "a\nb"},
        {"config": {"max_timeout_seconds": -1}},
        {"workflow_input": {"n": float("nan")}},
    ],
)
def test_wrong_fields_are_named(stub: Any, contract: SimpleNamespace, fields: dict[str, Any]) -> None:
    error = refusal(lambda: stub.ExecuteAsync(contract.io.WorkflowExecuteInput(workflow_yaml=VALID, **fields)))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert detail(error, error_details_pb2.BadRequest).field_violations[0].field.startswith(next(iter(fields)))


def test_the_limit_of_executions(
    start_runner: Callable[..., RunnerProcess], connect: Callable[[RunnerProcess], Any], contract: SimpleNamespace
) -> None:
    stub = connect(start_runner(MAX_CONCURRENT_EXECUTIONS="2"))
    request = contract.io.WorkflowExecuteInput(workflow_yaml=ENDLESS)
    ids = [stub.ExecuteAsync(request).workflow_execution_id for _ in range(2)]
    error = refusal(lambda: stub.ExecuteAsync(request))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert detail(error, error_details_pb2.ErrorInfo).reason == "TOO_MANY_EXECUTIONS"
    again = contract.io.WorkflowExecuteInput(workflow_yaml=ENDLESS, workflow_execution_id=ids[0])
    assert stub.ExecuteAsync(again).workflow_execution_id == ids[0]
    stub.CancelExecution(contract.io.CancelExecutionRequest(execution_id=ids[0]))
    assert [event.event_type for event in stub.Execute(again)][-1] == "workflow_cancelled"
    assert stub.ExecuteAsync(request).workflow_execution_id


def test_finished_executions_are_forgotten_within_bounds(
    start_runner: Callable[..., RunnerProcess], connect: Callable[[RunnerProcess], Any], contract: SimpleNamespace
) -> None:
    stub = connect(start_runner(RETAIN_FINISHED_EXECUTIONS="2"))
    request = contract.io.WorkflowExecuteInput(workflow_yaml=VALID)
    ids = [list(stub.Execute(request))[-1].workflow_execution_id for _ in range(4)]
    error = refusal(lambda: stub.CancelExecution(contract.io.CancelExecutionRequest(execution_id=ids[0])))
    assert error.code() is grpc.StatusCode.NOT_FOUND
    kept = refusal(lambda: stub.CancelExecution(contract.io.CancelExecutionRequest(execution_id=ids[3])))
    assert kept.code() is grpc.StatusCode.FAILED_PRECONDITION
