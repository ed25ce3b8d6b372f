"""Workers of one task queue that know different documents, as while new ones are rolled out."""

from pathlib import Path

import pytest
from stigmer_engine.events import Status
from stigmer_engine.faults import WorkflowError
from stigmer_engine.runtimes.temporal import Rules

from packages.engine.tests.temporal_stage import kinds, open_stage

CHILD = "do: [{told: {set: {answer: '${ .n }'}}}]"
PARENT = """
do:
  - settle: {listen: {to: {one: {with: {type: go}}}}}
  - loop:
      for: {each: i, in: '${ [range(3)] }'}
      do: [{one: {run: {workflow: {namespace: tests, name: rolled-out, version: latest, input: {n: '${ $i }'}}}}}]
"""
GO = {"specversion": "1.0", "id": "1", "source": "/tests", "type": "go"}


async def test_a_document_that_another_worker_knows_is_found(temporal_address: str, tmp_path: Path) -> None:
    async with open_stage(temporal_address, tmp_path) as old:
        # So often that chance does not decide.
        execution = await old.with_rules(Rules(searches_elsewhere=50)).start(old.load(PARENT))
        # Asked and answered: the execution is in this worker's memory, and stays with it.
        await execution.snapshot()
        async with open_stage(temporal_address, tmp_path) as new:
            new.engine.documents.register(new.load(CHILD, "rolled-out"))
            await execution.deliver(GO)
            result = await execution.wait()
        (history,) = await old.histories(execution)
    assert result.output == {"answer": 2}, result.error
    assert kinds(history)["ACTIVITY_TASK_COMPLETED"] == 3


@pytest.mark.parametrize("version", ["latest", "2.0.0"])
async def test_a_document_that_nobody_knows_is_told(temporal_address: str, tmp_path: Path, version: str) -> None:
    text = f"do: [{{one: {{run: {{workflow: {{namespace: tests, name: nowhere, version: {version}}}}}}}}}]"
    async with open_stage(temporal_address, tmp_path) as stage:
        result = await (await stage.executions.start(stage.load(text))).wait()
    assert result.status is Status.FAILED
    assert isinstance(result.error, WorkflowError)
    assert result.error.title == f"There is no workflow tests/nowhere:{version}"
