"""Sub-workflows of executions that somebody terminates on Temporal itself."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from stigmer_engine.runtimes.temporal import TemporalExecution
from stigmer_engine.runtimes.temporal.orphans import terminate_orphans, terminate_orphans_periodically
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import WorkflowExecutionStatus

from packages.engine.tests.temporal_stage import Stage, open_stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

STAY = "do: [{stay: {wait: PT1H}}]"
RUN = "{run: {workflow: {namespace: tests, name: NAME, version: latest}}}"
MIDDLE = f"do: [{{inner: {RUN.replace('NAME', 'staying')}}}]"
OUTER = f"""
do:
  - alone: {{run: {{await: false, workflow: {{namespace: tests, name: staying, version: latest}}}}}}
  - middle: {RUN.replace("NAME", "middle")}
"""


@pytest_asyncio.fixture(loop_scope="module")
async def stage(temporal_address: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(temporal_address, tmp_path) as opened:
        opened.engine.documents.register(opened.load(STAY, "staying"))
        opened.engine.documents.register(opened.load(MIDDLE, "middle"))
        yield opened


async def status(stage: Stage, execution: str) -> WorkflowExecutionStatus | None:
    found = stage.executions.find(execution)
    return (await stage.client.get_workflow_handle(found.workflow_id).describe()).status


async def family(stage: Stage) -> TemporalExecution:
    """An execution with one that outlives it, one that it waits for, and one below that; all of them listed."""
    execution = await stage.executions.start(stage.load(OUTER))
    below = f"RootWorkflowId = '{execution.workflow_id}'"
    while (await stage.client.count_workflows(below)).count < 4:  # noqa: ASYNC110 - Temporal has no event for it
        await asyncio.sleep(0.1)
    return execution


async def test_they_end_with_it_unless_they_outlive_it(stage: Stage) -> None:
    execution = await family(stage)
    looking = asyncio.ensure_future(terminate_orphans_periodically(stage.client, every=timedelta(milliseconds=100)))
    await stage.client.get_workflow_handle(execution.workflow_id).terminate("by hand")
    for child in (f"{execution.id}/2", f"{execution.id}/2/1"):
        while await status(stage, child) is WorkflowExecutionStatus.RUNNING:  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.1)
        assert await status(stage, child) is WorkflowExecutionStatus.TERMINATED
    looking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await looking
    assert await status(stage, f"{execution.id}/1") is WorkflowExecutionStatus.RUNNING


async def test_a_reset_is_no_end(stage: Stage) -> None:
    execution = await family(stage)
    await stage.client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace="default",
            workflow_execution=WorkflowExecution(workflow_id=execution.workflow_id),
            workflow_task_finish_event_id=4,
            request_id="once",
        )
    )
    ended = f"WorkflowId = '{execution.workflow_id}' AND ExecutionStatus = 'Terminated'"
    while not (await stage.client.count_workflows(ended)).count:  # noqa: ASYNC110 - Temporal has no event for it
        await asyncio.sleep(0.1)
    await terminate_orphans(stage.client, datetime.now(UTC) - timedelta(hours=1))
    assert await status(stage, execution.id) is WorkflowExecutionStatus.RUNNING
    assert await status(stage, f"{execution.id}/2/1") is WorkflowExecutionStatus.RUNNING
