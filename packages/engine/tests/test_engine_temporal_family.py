"""How many sub-workflows an execution may have on Temporal: as many as in process, and no more."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from stigmer_engine.events import Status
from stigmer_engine.runtimes.temporal import StartConfig, TemporalExecutions

from packages.engine.tests.temporal_stage import Stage, open_stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

LEAF = "do: [{told: {set: {answer: 1}}}]\n"
RUN = "{run: {workflow: {namespace: tests, name: NAME, version: latest}}}"
LOOP = "do: [{loop: {for: {each: i, in: '${ [range(COUNT)] }'}, do: [{one: " + RUN.replace("NAME", "leaf") + "}]}}]"


@pytest_asyncio.fixture(loop_scope="module")
async def stage(temporal_address: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(temporal_address, tmp_path) as opened:
        opened.engine.documents.register(opened.load(LEAF, "leaf"))
        yield opened


async def _executions(stage: Stage, root: str) -> int:
    return (await stage.client.count_workflows(f"RootWorkflowId = '{root}'")).count


async def test_many_sub_workflows_one_after_the_other(stage: Stage) -> None:
    result = await (await stage.executions.start(stage.load(LOOP.replace("COUNT", "30"), "flat"))).wait()
    assert result.status is Status.COMPLETED, result.error


async def test_as_deep_as_may_be(stage: Stage) -> None:
    text = "do: [{one: {if: '${ .n > 0 }', %s}}]" % (
        RUN.replace("NAME", "deep").removeprefix("{").removesuffix("}}}") + ", input: {n: '${ .n - 1 }'}}}"
    )
    stage.engine.documents.register(stage.load(text, "deep"))
    execution = await stage.executions.start(stage.load(text, "deep"), input={"n": 16})
    result = await execution.wait()
    assert result.status is Status.COMPLETED, result.error
    assert await _executions(stage, execution.workflow_id) == 17


async def test_workflows_that_multiply_are_bounded_in_all(stage: Stage) -> None:
    """Two each, at every level: without a bound there would be 130,000 of them."""
    twins = f"do: [{{both: {{fork: {{branches: [{{a: {RUN}}}, {{b: {RUN}}}]}}}}}}]".replace("NAME", "twins")
    stage.engine.documents.register(stage.load(twins, "twins"))
    executions = TemporalExecutions(stage.client, StartConfig(max_children=20))
    execution = await executions.start(stage.load(twins, "twins"))
    result = await execution.wait()
    assert result.error is not None
    assert result.error.title == "Too many sub-workflows"
    # What Temporal's index does not know yet is not counted.
    assert await _executions(stage, execution.workflow_id) < 200


async def test_an_execution_counts_what_it_starts_itself(stage: Stage) -> None:
    executions = TemporalExecutions(stage.client, StartConfig(max_children=3))
    execution = await executions.start(stage.load(LOOP.replace("COUNT", "5"), "counted"))
    result = await execution.wait()
    assert result.error is not None
    assert result.error.title == "Too many sub-workflows"
    assert await _executions(stage, execution.workflow_id) == 4
