"""Every service name and spelling answers; reflection and health know them; seen by grpcio's own clients."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from grpclib.health.v1 import health_pb2
from stigmer_ports.grpc_port.names import spellings
from stigmer_runner.grpc_port.aliases import OLDER_SERVICES, SERVICES
from stigmer_runner.testing import RunnerProcess

VALID = "document: {dsl: 1.0.0, namespace: test, name: sample, version: 1.0.0}\ndo:\n  - only: {set: {a: 1}}\n"
METHODS = ("Execute", "ExecuteAsync", "CancelExecution", "PauseExecution", "ResumeExecution")
ALL_PATHS = sorted(
    (f"/{service}/{spelling}", method) for service in SERVICES for method in METHODS for spelling in spellings(method)
)


@pytest.mark.parametrize(("path", "method"), ALL_PATHS, ids=[path for path, _ in ALL_PATHS])
def test_every_name_answers(runner: RunnerProcess, contract: SimpleNamespace, path: str, method: str) -> None:
    with grpc.insecure_channel(runner.grpc_target) as channel:
        request = contract.io.WorkflowExecuteInput(workflow_yaml=VALID).SerializeToString()
        if method == "Execute":
            last = list(channel.unary_stream(path)(request))[-1]
            assert contract.progress.WorkflowProgressEvent.FromString(last).event_type == "workflow_completed"
        elif method == "ExecuteAsync":
            answer = contract.io.WorkflowExecuteResponse.FromString(channel.unary_unary(path)(request))
            assert answer.workflow_execution_id
        else:
            with pytest.raises(grpc.RpcError) as caught:
                channel.unary_unary(path)(
                    contract.io.CancelExecutionRequest(execution_id="unknown").SerializeToString()
                )
            assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def reflected(runner: RunnerProcess) -> dict[str, dict[str, list[Any]]]:
    """Services, their methods, and for each of those: input, output, streaming; as a reflection client sees them."""
    command = [sys.executable, str(Path(__file__).parent / "reflection_client.py"), runner.grpc_target]
    found: dict[str, dict[str, list[Any]]] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


def test_reflection_describes_every_name(runner: RunnerProcess) -> None:
    services = reflected(runner)
    assert {*SERVICES, "grpc.health.v1.Health"} == set(services)
    package = "ai.stigmer.agentic.workflowrunner.v1"
    for name in SERVICES:
        assert services[name]["Execute"] == [
            f"{package}.WorkflowExecuteInput",
            f"{package}.WorkflowProgressEvent",
            True,
        ]
        assert services[name]["CancelExecution"] == [
            f"{package}.CancelExecutionRequest",
            "google.protobuf.Empty",
            False,
        ]
    for name in OLDER_SERVICES:
        assert {f"/{name}/{method}" for method in services[name]} == {
            path for path, _ in ALL_PATHS if path.startswith(f"/{name}/")
        }


@pytest.mark.parametrize("service", ["", *SERVICES])
def test_health_serves_for_every_name(runner: RunnerProcess, service: str) -> None:
    with grpc.insecure_channel(runner.grpc_target) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        answer = check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(grpc.RpcError) as caught:
            check(health_pb2.HealthCheckRequest(service="unknown.Service"))
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_with_a_key_only_those_who_know_it_may_call(
    start_runner: Callable[..., RunnerProcess], connect: Callable[[RunnerProcess], Any], contract: SimpleNamespace
) -> None:
    runner = start_runner(RUNNER_API_KEY="runner-key-123")
    stub = connect(runner)
    request = contract.io.WorkflowExecuteInput(workflow_yaml=VALID)
    for metadata in ((), (("authorization", "Bearer wrong"),), (("authorization", "runner-key-123"),)):
        with pytest.raises(grpc.RpcError) as caught:
            stub.ExecuteAsync(request, metadata=metadata)
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert stub.ExecuteAsync(request, metadata=(("authorization", "Bearer runner-key-123"),)).workflow_execution_id
    assert set(SERVICES) <= set(reflected(runner))
    assert "runner-key-123" not in runner.text
