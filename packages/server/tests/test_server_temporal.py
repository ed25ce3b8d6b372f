"""The server on a real Temporal dev server; the runner is a foreign worker, with protobuf classes of grpcio-tools."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from stigmer_server.testing import CLIENT_KEY, RUNNER_KEY, ServerProcess
from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from packages.engine.tests.temporal_server import start_dev_server
from packages.server.tests.grpcio_contract import Contract
from packages.server.tests.grpcio_peer import EXECUTION_COMMAND, EXECUTION_QUERY, PROGRESS, WORKFLOW_COMMAND, Peer
from packages.server.tests.samples import event, execution, workflow

COMPLETED, FAILED, CANCELLED = 3, 4, 5
QUEUE = "workflow_execution_runner"
Connect = Callable[[ServerProcess, str], Peer]


class ForeignRunner:
    """A worker on the runner's queue that shares no code with ours."""

    def __init__(self, contract: Contract, report: Callable[[dict[str, Any]], object]) -> None:
        self._message = contract.message("ai.stigmer.agentic.workflowexecution.v1.WorkflowExecution")
        self._status = contract.message("ai.stigmer.agentic.workflowexecution.v1.WorkflowExecutionStatus")
        self._report = report
        self.seen: list[Any] = []
        self.begun = asyncio.Event()
        self.cancelled = 0

    @asynccontextmanager
    async def serving(self, client: Client) -> AsyncIterator[None]:
        message, status = self._message, self._status

        @activity.defn(name="ExecuteWorkflow")
        async def execute(given: message) -> status:  # type: ignore[valid-type]
            return await self._execute(given)  # type: ignore[no-any-return]

        soon = timedelta(seconds=1)  # or a cancellation takes most of the heartbeat timeout to arrive
        async with Worker(client, task_queue=QUEUE, activities=[execute], max_heartbeat_throttle_interval=soon):
            yield

    async def _execute(self, given: Any) -> Any:
        self.seen.append(given)
        self.begun.set()
        name, execution_id = given.metadata.name, given.metadata.id
        if name == "refused":
            raise ApplicationError("this document cannot run here", non_retryable=True)
        if name == "endless":
            try:
                while True:
                    activity.heartbeat()
                    await asyncio.sleep(0.2)
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        for number, kind in enumerate(("workflow_started", "workflow_completed"), 1):
            await asyncio.to_thread(self._report, event(execution_id, number, kind))
        return self._status(phase=COMPLETED)


async def eventually(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        await asyncio.sleep(0.05)


World = Callable[..., AbstractAsyncContextManager[tuple[Client, Peer, ForeignRunner]]]


@pytest.fixture(scope="module")
def address(temporal_address: str) -> str:
    return temporal_address


@pytest.fixture
def world(address: str, contract: Contract, connect: Connect, data_dir: Path) -> World:
    """A server, a client of it, and a foreign runner."""

    @asynccontextmanager
    async def opened(**settings: str) -> AsyncIterator[tuple[Client, Peer, ForeignRunner]]:
        temporal = {"STIGMER_ORCHESTRATION": "temporal", "TEMPORAL_SERVICE_ADDRESS": address, **settings}
        with ServerProcess(data_dir, temporal) as server:
            reporting = connect(server, RUNNER_KEY)
            runner = ForeignRunner(contract, lambda sent: reporting.call(PROGRESS, "ReportProgress", sent))
            client = await Client.connect(address)
            async with runner.serving(client):
                yield client, connect(server, CLIENT_KEY), runner

    return opened


def phase(client: Peer, execution_id: str) -> int:
    found: int = client.call(EXECUTION_QUERY, "get", {"value": execution_id}).status.phase
    return found


def run(client: Peer, name: str, given: dict[str, Any] | None = None) -> str:
    stored = client.call(WORKFLOW_COMMAND, "apply", workflow(f"of-{name}"))
    wanted = execution(stored.metadata.id)
    wanted["metadata"]["name"] = name
    if given is not None:
        wanted["metadata"]["annotations"] = {"stigmer.ai/input": json.dumps(given)}
    made: str = client.call(EXECUTION_COMMAND, "create", wanted).metadata.id
    return made


async def test_executions_go_to_the_runners_queue(world: World) -> None:
    async with world() as (temporal, client, runner):
        execution_id = await asyncio.to_thread(run, client, "plain")
        await eventually(lambda: phase(client, execution_id) == COMPLETED)
        handle = temporal.get_workflow_handle(f"stigmer/workflow-execution/invoke/{execution_id}")
        await handle.result()
        described = await handle.describe()
        assert described.workflow_type == "stigmer/workflow-execution/invoke"
        assert described.task_queue == "workflow_execution_stigmer"
        assert (await described.memo())["activityTaskQueue"] == QUEUE
        assert runner.seen[0].metadata.id == execution_id
        assert runner.seen[0].spec.workflow_instance_id
        # Nobody polls for activities on the server's queue (seed 004).
        kinds = [event.event_type for event in (await handle.fetch_history()).events]
        assert len(kinds) == 11


async def test_a_runner_that_refuses_is_the_end(world: World) -> None:
    async with world() as (temporal, client, _):
        execution_id = await asyncio.to_thread(run, client, "refused")
        await eventually(lambda: phase(client, execution_id) == FAILED)
        found = client.call(EXECUTION_QUERY, "get", {"value": execution_id})
        assert "this document cannot run here" in found.status.error
        with pytest.raises(WorkflowFailureError):
            await temporal.get_workflow_handle(f"stigmer/workflow-execution/invoke/{execution_id}").result()


@pytest.mark.parametrize("size", [3_000_000, 5_000_000], ids=["a payload too large", "a request too large"])
async def test_an_input_that_temporal_never_takes_is_the_end(world: World, size: int) -> None:
    async with world() as (_, client, runner):
        execution_id = await asyncio.to_thread(run, client, "plain", {"text": "x" * size})
        await eventually(lambda: phase(client, execution_id) == FAILED)
        error = client.call(EXECUTION_QUERY, "get", {"value": execution_id}).status.error
        assert f"{size // 1_000_000}.0 MB" in error
        assert "pass where it is" in error
        assert runner.seen == []


@pytest.mark.parametrize("method", ["cancel", "terminate"])
async def test_cancelling_reaches_the_runner(world: World, method: str) -> None:
    async with world() as (temporal, client, runner):
        execution_id = await asyncio.to_thread(run, client, "endless")
        await runner.begun.wait()
        await asyncio.to_thread(client.call, EXECUTION_COMMAND, method, {"id": execution_id, "reason": "enough"})
        await eventually(lambda: runner.cancelled == 1)
        await eventually(lambda: phase(client, execution_id) == CANCELLED)
        handle = temporal.get_workflow_handle(f"stigmer/workflow-execution/invoke/{execution_id}")
        with pytest.raises(WorkflowFailureError):
            await handle.result()
        assert (await handle.describe()).status is WorkflowExecutionStatus.CANCELED


async def test_an_execution_that_takes_too_long_fails(world: World) -> None:
    async with world(STIGMER_EXECUTION_TIMEOUT_SECONDS="2") as (_, client, _runner):
        execution_id = await asyncio.to_thread(run, client, "endless")
        await eventually(lambda: phase(client, execution_id) == FAILED)
        assert "imeout" in client.call(EXECUTION_QUERY, "get", {"value": execution_id}).status.error


async def test_signals_need_an_execution_that_a_runner_interprets(world: World) -> None:
    async with world() as (_, client, runner):
        execution_id = await asyncio.to_thread(run, client, "endless")
        await runner.begun.wait()
        for method in ("pause", "resume"):
            refusal = client.refusal(EXECUTION_COMMAND, method, {"id": execution_id})
            assert refusal[0] == "FAILED_PRECONDITION"
        signal = {"executionId": execution_id, "signalName": "stigmer-pause"}
        assert client.refusal(EXECUTION_COMMAND, "sendSignal", signal)[0] == "INVALID_ARGUMENT"
        # What Temporal never takes is no passing trouble: nobody should send it again.
        for wrong in ({"signalName": "n" * 2000}, {"signalName": "big", "payload": {"text": "p" * 3_000_000}}):
            told = client.refusal(EXECUTION_COMMAND, "sendSignal", {"executionId": execution_id, **wrong})
            assert told[0] == "INVALID_ARGUMENT"
            assert "Temporal does not take it" in told[1]
        await asyncio.to_thread(client.call, EXECUTION_COMMAND, "cancel", {"id": execution_id})
        await eventually(lambda: phase(client, execution_id) == CANCELLED)


async def test_nothing_is_lost_while_temporal_is_away(contract: Contract, connect: Connect, data_dir: Path) -> None:
    async with start_dev_server() as address:
        pass
    settings = {"STIGMER_ORCHESTRATION": "temporal", "TEMPORAL_SERVICE_ADDRESS": address}
    with ServerProcess(data_dir, settings) as server:
        client, reporting = connect(server, CLIENT_KEY), connect(server, RUNNER_KEY)
        execution_id = await asyncio.to_thread(run, client, "plain")
        await eventually(
            lambda: "not started yet" in client.call(EXECUTION_QUERY, "get", {"value": execution_id}).status.error
        )
        async with start_dev_server(port=int(address.rpartition(":")[2])):
            runner = ForeignRunner(contract, lambda sent: reporting.call(PROGRESS, "ReportProgress", sent))
            async with runner.serving(await Client.connect(address)):
                await eventually(lambda: phase(client, execution_id) == COMPLETED)
