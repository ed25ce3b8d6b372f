"""SIGTERM in mid-run: what may finish finishes, what may not is cut, and both are reported."""

import signal
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import grpc
import httpx
import pytest
from grpclib.health.v1 import health_pb2
from stigmer_runner.testing import RunnerProcess

HEADER = "document: {dsl: 1.0.0, namespace: test, name: sample, version: 1.0.0}\n"
VALID = HEADER + "do:\n  - only: {set: {a: 1}}\n"
SHORT = HEADER + "do:\n  - hold: {wait: {seconds: 2}}\n  - after: {set: {done: true}}\n"
ENDLESS = HEADER + "do:\n  - hold: {wait: {hours: 1}}\n"

Start = Callable[..., RunnerProcess]
Connect = Callable[[RunnerProcess], Any]


def begun(stub: Any, contract: SimpleNamespace, document: str) -> tuple[str, Any]:
    """The id of a run that is inside its `hold` task, and the rest of its events."""
    events = stub.Execute(contract.io.WorkflowExecuteInput(workflow_yaml=document))
    return next(event for event in events if event.task_name == "hold").workflow_execution_id, events


def test_running_work_finishes_and_nothing_new_starts(
    start_runner: Start, connect: Connect, contract: SimpleNamespace
) -> None:
    runner = start_runner()
    stub = connect(runner)
    execution_id, events = begun(stub, contract, SHORT)
    with grpc.insecure_channel(runner.grpc_target) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        assert check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING
        runner.signal(signal.SIGTERM)
        runner.wait_for("shutting down")
        assert check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert httpx.get(f"{runner.http_url}/readyz").status_code == 503
    assert httpx.get(f"{runner.http_url}/livez").status_code == 200
    with pytest.raises(grpc.RpcError) as refused:
        stub.ExecuteAsync(contract.io.WorkflowExecuteInput(workflow_yaml=VALID))
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert httpx.get(f"{runner.http_url}/api/v1/executions/{execution_id}").json()["status"] == "running"
    assert [event.event_type for event in events][-1] == "workflow_completed"
    assert runner.wait() == 0
    assert '"all executions finished before the shutdown"' in runner.text


def test_work_that_outlasts_the_grace_is_cut_and_reported(
    start_runner: Start, connect: Connect, contract: SimpleNamespace
) -> None:
    runner = start_runner(SHUTDOWN_GRACE_SECONDS="1")
    execution_id, events = begun(connect(runner), contract, ENDLESS)
    runner.signal(signal.SIGTERM)
    last = list(events)[-1]
    assert last.event_type == "workflow_cancelled"
    assert "shutting down" in last.message
    assert runner.wait_for("executions were cut by the shutdown")["cut"] == [execution_id]
    assert runner.wait() == 0


def test_a_second_signal_ends_the_grace(start_runner: Start, connect: Connect, contract: SimpleNamespace) -> None:
    runner = start_runner(SHUTDOWN_GRACE_SECONDS="3600")
    _, events = begun(connect(runner), contract, ENDLESS)
    runner.signal(signal.SIGINT)
    runner.wait_for("shutting down")
    runner.signal(signal.SIGTERM)
    assert [event.event_type for event in events][-1] == "workflow_cancelled"
    assert runner.wait() == 0


def test_a_paused_run_is_not_waited_for(start_runner: Start, connect: Connect, contract: SimpleNamespace) -> None:
    runner = start_runner(SHUTDOWN_GRACE_SECONDS="3600")
    stub = connect(runner)
    execution_id, events = begun(stub, contract, ENDLESS)
    stub.PauseExecution(contract.io.PauseExecutionRequest(execution_id=execution_id))
    assert next(event for event in events if event.event_type == "workflow_paused")
    runner.signal(signal.SIGTERM)
    assert [event.event_type for event in events][-1] == "workflow_cancelled"
    assert runner.wait() == 0


def test_a_run_can_be_cancelled_during_the_shutdown(
    start_runner: Start, connect: Connect, contract: SimpleNamespace
) -> None:
    runner = start_runner(SHUTDOWN_GRACE_SECONDS="3600")
    stub = connect(runner)
    execution_id, events = begun(stub, contract, ENDLESS)
    runner.signal(signal.SIGTERM)
    runner.wait_for("shutting down")
    stub.CancelExecution(contract.io.CancelExecutionRequest(execution_id=execution_id, reason="by hand"))
    assert "by hand" in list(events)[-1].message
    assert runner.wait() == 0


def test_an_idle_runner_stops_at_once(start_runner: Start) -> None:
    runner = start_runner(SHUTDOWN_GRACE_SECONDS="3600")
    runner.signal(signal.SIGTERM)
    assert runner.wait() == 0
