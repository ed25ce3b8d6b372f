"""Executions of which Temporal has forgotten a part, on a server that keeps what has ended for a second."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration
from stigmer_engine.events import Status
from stigmer_engine.runtimes.temporal import Rules, TemporalExecution, UnknownExecution
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import UpdateNamespaceRequest
from temporalio.service import RPCError

from packages.engine.tests.temporal_server import start_dev_server
from packages.engine.tests.temporal_stage import Stage, open_stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

FORGETFUL = {
    "system.namespaceMinRetentionLocal": '"1s"',
    "history.retentionTimerJitterDuration": '"1s"',
    "history.timerProcessorMaxTimeShift": '"100ms"',
}
SHORT = "do: [{note: {set: {done: true}}}]"
LISTENING = """
do:
  - loop: {for: {each: i, in: '${ [range(12)] }'}, do: [{look: {wait: {milliseconds: 10}}}]}
  - hear: {listen: {to: {one: {with: {type: go}}}}}
"""
GO = {"specversion": "1.0", "id": "1", "source": "/tests", "type": "go"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    place = tmp_path_factory.mktemp("payloads")
    async with start_dev_server(dynamic_config=FORGETFUL) as address, open_stage(address, place) as opened:
        await opened.client.workflow_service.update_namespace(
            UpdateNamespaceRequest(
                namespace="default", config=NamespaceConfig(workflow_execution_retention_ttl=Duration(seconds=1))
            )
        )
        while not await forgets(opened):
            pass
        yield opened


async def forgets(stage: Stage) -> bool:
    """Whether an execution that starts now is forgotten soon after its end: the server takes its time to learn that."""
    execution = await stage.executions.start(stage.load(SHORT))
    await execution.wait()
    for _ in range(20):
        try:
            await stage.histories(execution)
        except RPCError:
            return True
        await asyncio.sleep(0.2)
    return False


async def numbers(execution: TemporalExecution) -> list[int]:
    return [event.sequence_number async for event in execution.follow()]


async def test_what_is_left_of_an_execution_that_outlives_its_first_runs_can_be_followed(stage: Stage) -> None:
    execution = await stage.with_rules(Rules(history_events=20)).start(stage.load(LISTENING))
    while True:
        try:
            await stage.histories(execution)
        except RPCError:
            # Its first run, at least, is forgotten.
            break
        await asyncio.sleep(0.2)
    following = asyncio.ensure_future(numbers(execution))
    # A query that is answered after the others: whoever follows has begun.
    await execution.snapshot()
    await execution.deliver(GO)
    seen = await following
    assert seen[0] > 1
    assert seen == list(range(seen[0], seen[-1] + 1))
    assert (await execution.wait()).status is Status.COMPLETED


async def test_an_execution_that_is_forgotten_is_not_known_and_its_id_may_be_used_again(stage: Stage) -> None:
    document = stage.load(SHORT)
    execution = await stage.executions.start(document, execution_id="again")
    await execution.wait()
    while True:
        try:
            await execution.snapshot()
        except UnknownExecution:
            break
        await asyncio.sleep(0.2)
    with pytest.raises(UnknownExecution):
        await numbers(execution)
    assert not (await stage.executions.start(document, execution_id="again")).found
