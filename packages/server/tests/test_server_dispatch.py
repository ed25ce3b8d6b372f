"""Orders to runners: tried until done, never with two runners, never lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from grpclib.const import Status
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import Workflow, WorkflowDocument, WorkflowSpec, WorkflowTask
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    ExecutionPhase,
    WorkflowExecution,
    WorkflowExecutionSpec,
)
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import (
    WorkflowProgressEvent,
    WorkflowRunner,
    WorkflowRunnerSpec,
)
from stigmer_proto.ai.stigmer.commons.apiresource import (
    ApiResourceDeleteInput,
    ApiResourceMetadata,
    ApiResourceOwnerScope,
    WorkflowTaskKind,
)
from stigmer_proto_json import struct_from_json
from stigmer_server.access.caller import SERVER
from stigmer_server.application import Application, open_application
from stigmer_server.broadcast import Hub
from stigmer_server.config import Settings
from stigmer_server.refusals import Reason, Refused
from stigmer_server.store import open_database
from stigmer_server.store.outbox import Action, orders_of, take_due
from stigmer_server.store.url import store_url

from packages.server.tests.scripted_runner import HANG, ScriptedRunner, scripted_runner

PENDING, FAILED = ExecutionPhase.EXECUTION_PENDING, ExecutionPhase.EXECUTION_FAILED
IN_PROGRESS, CANCELLED = ExecutionPhase.EXECUTION_IN_PROGRESS, ExecutionPhase.EXECUTION_CANCELLED


def owner(name: str) -> ApiResourceMetadata:
    return ApiResourceMetadata(name=name, owner_scope=ApiResourceOwnerScope.organization, org="acme")


@asynccontextmanager
async def application(folder: Path, call_seconds: float = 20) -> AsyncIterator[Application]:
    settings = Settings(
        stigmer_data_dir=folder, stigmer_runner_check_seconds=0.1, stigmer_runner_call_seconds=call_seconds
    )
    async with open_application(settings) as opened:
        yield opened


async def register(opened: Application, name: str, runner: ScriptedRunner) -> str:
    metadata = ApiResourceMetadata(name=name, owner_scope=ApiResourceOwnerScope.platform)
    spec = WorkflowRunnerSpec(type="grpc", endpoint=runner.endpoint)
    made = await opened.runners.create(WorkflowRunner(metadata=metadata, spec=spec), SERVER)
    assert made.metadata is not None
    return made.metadata.id


async def create(opened: Application) -> str:
    task = WorkflowTask(name="a", kind=WorkflowTaskKind.SET, task_config=struct_from_json({"variables": {"x": "1"}}))
    spec = WorkflowSpec(
        document=WorkflowDocument(dsl="1.0.0", namespace="acme", name="orders", version="1.0.0"), tasks=[task]
    )
    workflow = await opened.workflows.apply(Workflow(metadata=owner("orders"), spec=spec), SERVER)
    assert workflow.metadata is not None
    execution = WorkflowExecution(metadata=owner("run"), spec=WorkflowExecutionSpec(workflow_id=workflow.metadata.id))
    made = await opened.executions.create(execution, SERVER)
    assert made.metadata is not None
    return made.metadata.id


async def until_settled(opened: Application, run: str) -> None:
    """Until nothing is left to be told about the execution."""
    while await opened.database.read(lambda connection: orders_of(connection, run)):  # noqa: ASYNC110 - it is stored
        await asyncio.sleep(0.02)


async def phase(opened: Application, run: str) -> ExecutionPhase:
    return (await opened.broadcast.current(run)).phase


async def test_a_start_is_repeated_until_it_is_taken(tmp_path: Path) -> None:
    script: list[Status | str] = [Status.UNAVAILABLE, Status.RESOURCE_EXHAUSTED, Status.UNAUTHENTICATED]
    async with scripted_runner(script) as runner, application(tmp_path) as opened:
        runner_id = await register(opened, "one", runner)
        run = await create(opened)
        await until_settled(opened, run)
        assert runner.started == [run] * 4
        stored = await opened.broadcast.current(run)
        assert (stored.runner_id, stored.phase) == (runner_id, PENDING)
        assert "UNAUTHENTICATED" in stored.status.error


async def test_a_start_that_a_runner_refuses_for_good_fails_the_execution(tmp_path: Path) -> None:
    async with scripted_runner([Status.INVALID_ARGUMENT]) as runner, application(tmp_path) as opened:
        await register(opened, "one", runner)
        run = await create(opened)
        await until_settled(opened, run)
        stored = await opened.broadcast.current(run)
        assert stored.phase == FAILED
        assert "INVALID_ARGUMENT: as the script says" in stored.status.error
        events = await opened.broadcast.events_after(run, 0)
        assert [event.event_type for event in events] == ["workflow_failed"]


async def test_an_execution_is_never_given_to_a_second_runner(tmp_path: Path) -> None:
    async with scripted_runner() as one, scripted_runner() as two, application(tmp_path, call_seconds=0.3) as opened:
        for name, runner in (("one", one), ("two", two)):
            runner.starts = [HANG, HANG]
            await register(opened, name, runner)
        run = await create(opened)
        await until_settled(opened, run)
        # No answer came twice: whoever may have it is asked again.
        assert sorted([one.started, two.started]) == [[], [run] * 3]


async def test_a_runner_that_refused_gives_way_to_another(tmp_path: Path) -> None:
    async with scripted_runner() as one, scripted_runner() as two, application(tmp_path) as opened:
        for name, runner in (("one", one), ("two", two)):
            runner.starts = [Status.RESOURCE_EXHAUSTED]
            await register(opened, name, runner)
        runs = [await create(opened) for _ in range(6)]
        for run in runs:
            await until_settled(opened, run)
        assert one.started
        assert two.started


async def test_orders_survive_a_restart(tmp_path: Path) -> None:
    async with application(tmp_path) as opened:
        runs = [await create(opened) for _ in range(3)]
    async with scripted_runner() as runner, application(tmp_path) as opened:
        await register(opened, "one", runner)
        for run in runs:
            await until_settled(opened, run)
        assert sorted(runner.started) == sorted(runs)


async def test_a_cancellation_comes_after_the_start_it_follows(tmp_path: Path) -> None:
    async with scripted_runner([HANG]) as runner, application(tmp_path, call_seconds=0.5) as opened:
        await register(opened, "one", runner)
        run = await create(opened)
        await runner.first_start.wait()
        runner.cancels = [Status.UNAVAILABLE, Status.NOT_FOUND]
        assert (await opened.executions.cancel(run, "no")).status.phase == PENDING  # type: ignore[union-attr]
        await until_settled(opened, run)
        # It was not started again, its runner was asked until it answered, and as it has no such run, it is over.
        assert runner.started == [run]
        assert runner.cancelled == [(run, False)] * 2
        assert await phase(opened, run) == CANCELLED


async def test_terminate_and_delete_tell_the_runner_to_drop_the_run(tmp_path: Path) -> None:
    async with scripted_runner() as runner, application(tmp_path) as opened:
        await register(opened, "one", runner)
        ended, deleted = [await create(opened) for _ in range(2)]
        for run in (ended, deleted):
            await until_settled(opened, run)
            event = WorkflowProgressEvent(
                workflow_execution_id=run, sequence_number=1, event_type="workflow_started", status="running"
            )
            assert (await opened.executions.report_progress(event)).success
            assert await phase(opened, run) == IN_PROGRESS
        await opened.executions.terminate(ended, "now")
        assert await phase(opened, ended) == CANCELLED
        await opened.executions.delete(deleted, SERVER)
        for run in (ended, deleted):
            await until_settled(opened, run)
        assert sorted(runner.cancelled) == sorted([(ended, True), (deleted, True)])


async def test_pausing_tells_what_the_runner_said(tmp_path: Path) -> None:
    async with scripted_runner() as runner, application(tmp_path) as opened:
        await register(opened, "one", runner)
        run = await create(opened)
        await until_settled(opened, run)
        with pytest.raises(Refused) as refused:  # the scripted runner does not implement it
            await opened.executions.pause(run)
        assert refused.value.reason is Reason.NOT_SUPPORTED


async def test_the_connection_to_a_runner_is_closed_when_it_is_registered_no_more(tmp_path: Path) -> None:
    connected, left = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        while await reader.read(1024):
            pass
        left.set()
        writer.close()

    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with listening, application(tmp_path, call_seconds=0.2) as opened:
        endpoint = f"grpc://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        metadata = ApiResourceMetadata(name="silent", owner_scope=ApiResourceOwnerScope.platform)
        spec = WorkflowRunnerSpec(type="grpc", endpoint=endpoint)
        made = await opened.runners.create(WorkflowRunner(metadata=metadata, spec=spec), SERVER)
        assert made.metadata is not None
        await connected.wait()
        await opened.runners.delete(ApiResourceDeleteInput(resource_id=made.metadata.id), SERVER)
        await left.wait()


async def test_orders_under_way_are_free_again_when_the_server_stops(tmp_path: Path) -> None:
    async with scripted_runner([HANG]) as runner:
        async with application(tmp_path) as opened:
            await register(opened, "one", runner)
            run = await create(opened)
            await runner.first_start.wait()
        url = store_url(f"sqlite:///{tmp_path / 'stigmer.db'}")
        async with open_database(url, Hub()) as database:
            due = await database.write(lambda transaction: take_due(transaction, lease_ms=0, limit=10))
    assert [(order.execution_id, order.action) for order in due] == [(run, Action.START)]
