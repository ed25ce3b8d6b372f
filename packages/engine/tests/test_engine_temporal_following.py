"""Following ends when nothing can come any more."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from stigmer_engine import Engine
from stigmer_engine.runtimes.temporal import (
    TemporalExecutions,
    TemporalWorker,
    prepare_outside,
    workflow_services,
)
from stigmer_engine.runtimes.temporal.payloads import PayloadsConfig, data_converter
from temporalio.client import Client

from packages.engine.tests.temporal_server import start_dev_server

SHORT = """\
document: {dsl: '1.0.3', namespace: t, name: t, version: '1.0.0'}
do: [{a: {set: {x: 1}}}]
"""


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    """A client of a server that has a worker."""
    async with start_dev_server() as address, Engine() as engine:
        services = workflow_services(engine)
        converter = data_converter(PayloadsConfig(place=tmp_path), on_text=prepare_outside(services))
        connected = await Client.connect(address, data_converter=converter)
        async with TemporalWorker(connected, engine, services):
            yield connected
        services.close()


async def test_after_the_end_there_is_nothing_to_follow(client: Client) -> None:
    async with Engine() as engine:
        execution = await TemporalExecutions(client).start(engine.load(SHORT))
    last = [event async for event in execution.follow()][-1]
    assert last.terminal
    assert [event async for event in execution.follow(last.sequence_number)] == []
