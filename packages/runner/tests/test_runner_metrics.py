"""`GET /metrics`: the numbers of a runner that has run something."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from stigmer_callback.testing import RecordingReceiver
from stigmer_runner.config import ExecutionMode
from stigmer_runner.metrics import RunnerMetrics
from stigmer_runner.testing import RunnerProcess

from packages.ports.tests.told_metrics import Metrics, documented, until

HEADER = "document: {dsl: 1.0.0, namespace: test, name: a-name-that-tells, version: 1.0.0}\n"
GOOD = HEADER + "do:\n  - first: {set: {a: 1}}\n  - second: {set: {b: 2}}\n"
BAD = HEADER + "do:\n  - fail: {raise: {error: {type: 'https://example.com/e', status: 400, title: T}}}\n"
ENDLESS = HEADER + "do:\n  - hold: {wait: {hours: 1}}\n"
DELIVERED = ("stigmer_runner_callbacks_total", {"outcome": "delivered"})

Start = Callable[..., RunnerProcess]
Connect = Callable[[RunnerProcess], Any]


@pytest.fixture
def fresh(start_runner: Start) -> RunnerProcess:
    return start_runner()


def execute(stub: Any, contract: SimpleNamespace, document: str) -> list[Any]:
    return list(stub.Execute(contract.io.WorkflowExecuteInput(workflow_yaml=document)))


async def test_executions_are_counted_by_how_they_end(
    fresh: RunnerProcess, connect: Connect, contract: SimpleNamespace
) -> None:
    before = Metrics(fresh.http_url)
    assert before.value("stigmer_runner_executions_started_total", mode="grpc") == 0
    assert before.value("stigmer_runner_executions_ended_total", mode="grpc", status="completed") == 0
    stub = connect(fresh)
    for document in (GOOD, GOOD, BAD):
        execute(stub, contract, document)
    await until(fresh.http_url, "stigmer_runner_executions_ended_total", 2, status="completed")
    found = await until(fresh.http_url, "stigmer_runner_executions_ended_total", 1, status="failed")
    assert found.value("stigmer_runner_executions_started_total", mode="grpc") == 3
    assert found.value("stigmer_runner_executions_ended_total", status="cancelled") == 0
    assert found.value("stigmer_runner_execution_seconds_count", status="completed") == 2
    assert found.value("stigmer_runner_execution_seconds_count", status="failed") == 1
    assert found.value("stigmer_runner_task_events_total", type="task_completed") == 4
    assert found.value("stigmer_runner_task_events_total", type="task_failed") == 1
    assert found.value("process_cpu_seconds_total") > 0
    assert found.value("stigmer_build_info", service="stigmer-runner") == 1


async def test_what_runs_and_what_is_paused_now(
    fresh: RunnerProcess, connect: Connect, contract: SimpleNamespace
) -> None:
    stub, name = connect(fresh), "stigmer_runner_executions_active"
    request = contract.io.WorkflowExecuteInput(workflow_yaml=ENDLESS)
    first, second = (stub.ExecuteAsync(request).workflow_execution_id for _ in range(2))
    assert Metrics(fresh.http_url).value(name, status="running") == 2
    stub.PauseExecution(contract.io.PauseExecutionRequest(execution_id=first))
    found = await until(fresh.http_url, name, 1, status="paused")
    assert found.value(name, status="running") == 1
    for execution_id in (first, second):
        stub.CancelExecution(contract.io.CancelExecutionRequest(execution_id=execution_id))
    found = await until(fresh.http_url, "stigmer_runner_executions_ended_total", 2, status="cancelled")
    assert found.value(name, status="running") == found.value(name, status="paused") == 0
    # Names and ids of what ran are nobody's who may read this.
    assert not any(secret in found.text for secret in (first, second, "a-name-that-tells", "hold"))


async def test_deliveries_to_the_service_are_counted(
    start_runner: Start, connect: Connect, contract: SimpleNamespace
) -> None:
    async with RecordingReceiver(api_key="sk-1") as receiver:
        settings = {"STIGMER_SERVICE_ENDPOINT": receiver.endpoint, "STIGMER_SERVICE_API_KEY": "sk-1"}
        runner = await asyncio.to_thread(start_runner, **settings)
        events = await asyncio.to_thread(execute, connect(runner), contract, GOOD)
        found = await until(runner.http_url, "stigmer_runner_callbacks_total", len(events), outcome="delivered")
        assert found.value("stigmer_runner_callbacks_total", outcome="failed") == 0


async def test_on_temporal_what_is_reported_is_counted(
    start_runner: Start, connect: Connect, contract: SimpleNamespace, temporal_address: str, tmp_path: Path
) -> None:
    async with RecordingReceiver(api_key="sk-1") as receiver:
        settings = {
            "EXECUTION_MODE": "dual",
            "TEMPORAL_SERVICE_ADDRESS": temporal_address,
            "TEMPORAL_TASK_QUEUE": "metrics",
            "BLOB_STORAGE_PATH": str(tmp_path),
            "STIGMER_SERVICE_ENDPOINT": receiver.endpoint,
            "STIGMER_SERVICE_API_KEY": "sk-1",
        }
        runner = await asyncio.to_thread(start_runner, **settings)
        events = await asyncio.to_thread(execute, connect(runner), contract, GOOD)
        found = await until(
            runner.http_url, "stigmer_runner_executions_ended_total", 1, mode="dual", status="completed"
        )
        assert found.value("stigmer_runner_executions_started_total", mode="dual") == 1
        assert found.value("stigmer_runner_execution_seconds_count", status="completed") == 1
        assert found.value("stigmer_runner_task_events_total", type="task_completed") == 2
        await until(runner.http_url, "stigmer_runner_callbacks_total", len(events), outcome="delivered")


def test_metrics_need_no_key_and_are_those_of_the_documentation(start_runner: Start) -> None:
    assert Metrics(start_runner(RUNNER_API_KEY="secret-key").http_url).names == documented("runner.md")


def test_each_registry_counts_alone() -> None:
    one, other = RunnerMetrics(ExecutionMode.GRPC), RunnerMetrics(ExecutionMode.GRPC)
    one.called_back(delivered=True)
    told = [metrics.registry.get_sample_value(*DELIVERED) for metrics in (one, other)]
    assert told == [1, 0]
