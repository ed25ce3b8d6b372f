"""Those who follow an execution: nothing lost, repeated or out of order, and the slow hold up nobody."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    ExecutionPhase,
    WorkflowExecution,
    WorkflowExecutionSpec,
    WorkflowExecutionStatus,
)
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowProgressEvent
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceMetadata
from stigmer_server.broadcast import Broadcast, Hub
from stigmer_server.refusals import Reason, Refused
from stigmer_server.store import Database, open_database
from stigmer_server.store.event_log import append_event
from stigmer_server.store.executions import delete_execution, insert_execution
from stigmer_server.store.url import store_url

from packages.server.tests.postgres_server import postgres_server

COMPLETED = ExecutionPhase.EXECUTION_COMPLETED


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an empty store."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('store') / 'store.db'}"
    else:
        with postgres_server() as url:
            yield url


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    database: Database
    broadcast: Broadcast
    hub: Hub

    async def execution(self, execution_id: str) -> str:
        execution = WorkflowExecution(
            metadata=ApiResourceMetadata(id=execution_id),
            spec=WorkflowExecutionSpec(workflow_id="wfl-1"),
            status=WorkflowExecutionStatus(phase=ExecutionPhase.EXECUTION_PENDING),
        )
        await self.database.write(
            lambda transaction: insert_execution(transaction, execution, workflow_id="wfl-1", created_at=1)
        )
        return execution_id

    async def append(self, execution_id: str, sequence: int, *, last: bool = False) -> None:
        event = WorkflowProgressEvent(
            workflow_execution_id=execution_id,
            sequence_number=sequence,
            event_type="workflow_completed" if last else "task_started",
            status="completed" if last else "running",
            task_name="" if last else f"t{sequence}",
            task_reference="" if last else f"/do/{sequence}/t",
        )
        await self.database.write(lambda transaction: append_event(transaction, event))


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Stage]:
    hub = Hub()
    async with open_database(store_url(url), hub) as database:
        yield Stage(database=database, broadcast=Broadcast(database, hub), hub=hub)


async def test_every_follower_of_events_sees_each_once_in_order(store: str) -> None:
    async with opened(store) as stage:
        runs = [await stage.execution(f"wex-e{number}") for number in range(5)]
        seen: list[tuple[int, list[int]]] = []

        async def follow(run: str, after: int) -> None:
            numbers = [event.sequence_number async for event in stage.broadcast.follow_events(run, after)]
            seen.append((after, numbers))

        async def report(run: str) -> None:
            for sequence in range(1, 41):
                await stage.append(run, sequence, last=sequence == 40)

        async with asyncio.TaskGroup() as group:
            for number in range(25):
                group.create_task(follow(runs[number % 5], number % 7))
            for run in runs:
                group.create_task(report(run))
            await asyncio.sleep(0.05)  # others begin somewhere in the middle
            for number in range(25):
                group.create_task(follow(runs[number % 5], number % 7))
        assert len(seen) == 50
        assert all(numbers == list(range(after + 1, 41)) for after, numbers in seen)
        assert [event.sequence_number async for event in stage.broadcast.follow_events(runs[0], 40)] == []
        assert all(stage.hub.followers(run) == 0 for run in runs)


async def test_a_slow_follower_gets_the_newest_state_and_the_last(store: str) -> None:
    async with opened(store) as stage:
        run = await stage.execution("wex-slow")
        states = stage.broadcast.follow(run)
        first = await anext(states)
        for sequence in range(1, 31):
            await stage.append(run, sequence, last=sequence == 30)
        rest = [stored async for stored in states]
        assert first.last_sequence == 0
        # The thirty changes that it slept through are one.
        assert [(stored.last_sequence, stored.phase) for stored in rest] == [(30, COMPLETED)]
        assert len(rest[0].status.tasks) == 29


async def test_streams_of_a_deleted_execution_end(store: str) -> None:
    async with opened(store) as stage:
        run = await stage.execution("wex-gone")
        states, events = stage.broadcast.follow(run), stage.broadcast.follow_events(run)
        await anext(states)
        await stage.append(run, 1)
        assert (await anext(events)).sequence_number == 1
        await stage.database.write(lambda transaction: delete_execution(transaction, run))
        assert [stored async for stored in states] == []
        assert [event async for event in events] == []


@pytest.mark.parametrize("method", ["follow", "follow_events"])
async def test_an_unknown_execution_is_refused(store: str, method: str) -> None:
    async with opened(store) as stage:
        with pytest.raises(Refused) as refused:
            await anext(getattr(stage.broadcast, method)("wex-none"))
        assert refused.value.reason is Reason.NOT_FOUND


async def test_a_write_that_fails_undoes_nothing_but_itself(store: str, tmp_path: Path) -> None:
    async with opened(store) as stage:
        run = await stage.execution("wex-writes")

        def broken(_transaction: object) -> None:
            raise ValueError("broken")

        writes = [stage.append(run, sequence) for sequence in range(1, 6)]
        writes.insert(2, stage.database.write(broken))
        results = await asyncio.gather(*writes, return_exceptions=True)
        assert [type(result) for result in results if result is not None] == [ValueError]
        assert [event.sequence_number for event in await stage.broadcast.events_after(run, 0)] == [1, 2, 3, 4, 5]
