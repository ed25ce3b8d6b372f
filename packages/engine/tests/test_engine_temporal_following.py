"""Following ends when nothing can come any more."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from stigmer_engine import Engine, Snapshot
from stigmer_engine.runtimes.temporal import (
    StartConfig,
    TemporalExecution,
    TemporalExecutions,
    TemporalWorker,
    WorkerConfig,
    prepare_outside,
    workflow_services,
)
from stigmer_engine.runtimes.temporal.payloads import PayloadsConfig, data_converter
from temporalio.client import Client

SHORT = """\
document: {dsl: '1.0.3', namespace: t, name: t, version: '1.0.0'}
do: [{a: {set: {x: 1}}}]
"""
LONG = """\
document: {dsl: '1.0.3', namespace: t, name: t, version: '1.0.0'}
do: [{a: {set: {x: 1}}}, {hold: {wait: {hours: 1}}}]
"""
LAST_OF_LONG = 6
LONGER_THAN_A_LOOK = 2.0


async def numbers(execution: TemporalExecution) -> list[int]:
    """The sequence numbers of all its events."""
    return [event.sequence_number async for event in execution.follow()]


@pytest.fixture
async def client(temporal_address: str, tmp_path: Path) -> AsyncIterator[Client]:
    """A client of a server that has a worker."""
    async with Engine() as engine:
        services = workflow_services(engine)
        converter = data_converter(PayloadsConfig(place=tmp_path), on_text=prepare_outside(services))
        connected = await Client.connect(temporal_address, data_converter=converter)
        async with TemporalWorker(connected, engine, services):
            yield connected
        services.close()


async def test_after_the_end_there_is_nothing_to_follow(client: Client) -> None:
    async with Engine() as engine:
        execution = await TemporalExecutions(client).start(engine.load(SHORT))
    last = [event async for event in execution.follow()][-1]
    assert last.terminal
    assert [event async for event in execution.follow(last.sequence_number)] == []


async def test_an_execution_that_was_ended_before_it_had_a_turn_has_no_events(client: Client) -> None:
    config = StartConfig(queue="nobody-works-here")
    async with Engine() as engine:
        execution = await TemporalExecutions(client, config).start(engine.load(SHORT))
    await execution.terminate()
    assert [event async for event in execution.follow()] == []
    assert (await execution.snapshot()) == Snapshot(execution_id=execution.id)


async def test_no_event_is_left_out_when_the_worker_is_away_at_the_end(temporal_address: str, tmp_path: Path) -> None:
    config = StartConfig(queue="one-after-the-other")
    async with Engine() as engine:
        services = workflow_services(engine)
        converter = data_converter(PayloadsConfig(place=tmp_path), on_text=prepare_outside(services))
        client = await Client.connect(temporal_address, data_converter=converter)
        worker = partial(TemporalWorker, client, engine, services, WorkerConfig(queue=config.queue))
        async with worker():
            execution = await TemporalExecutions(client, config).start(engine.load(LONG))
            async for event in execution.follow():
                if event.sequence_number == LAST_OF_LONG:
                    break
        await execution.terminate()
        following = asyncio.ensure_future(numbers(execution))
        await asyncio.sleep(LONGER_THAN_A_LOOK)
        async with worker():
            assert await following == list(range(1, LAST_OF_LONG + 1))
        services.close()
