"""Sub-workflows run on while their parent continues as new, and hear of its end."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from stigmer_engine.events import Status
from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.runtimes.temporal import Rules, TemporalExecution
from temporalio.client import WorkflowExecutionStatus

from packages.engine.tests.temporal_stage import Stage, kinds, open_stage

OFTEN = Rules(history_events=30)

CHILD = """
do:
  - hear:
      listen: {to: {one: {with: {type: go}}}}
  - told: {set: {answer: '${ .[0] }'}}
"""

PARENT = """
do:
  - both:
      fork:
        branches:
          - child: {run: {workflow: {namespace: tests, name: child, version: '1.0.0'}}}
          - loop:
              for: {each: i, in: '${ [range(.rounds)] }'}
              do:
                - look: {wait: {milliseconds: 20}}
"""


@pytest_asyncio.fixture(loop_scope="module")
async def stage(temporal_address: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(temporal_address, tmp_path) as opened:
        opened.engine.documents.register(opened.load(CHILD, "child"))
        yield opened


async def _runs(stage: Stage, execution: TemporalExecution, least: int) -> None:
    while len(await stage.histories(execution)) < least:  # noqa: ASYNC110 - Temporal has no event for it
        await asyncio.sleep(0.2)


async def _start(stage: Stage, text: str = PARENT, rounds: int = 12) -> TemporalExecution:
    document: PreparedDocument = stage.load(text, "parent")
    return await stage.with_rules(OFTEN).start(document, input={"rounds": rounds})


def _child(stage: Stage, parent: TemporalExecution) -> TemporalExecution:
    return stage.executions.find(f"{parent.id}/1")


GO = {"specversion": "1.0", "id": "1", "source": "/tests", "type": "go", "data": 7}

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_child_ends_after_its_parent_continued_as_new(stage: Stage) -> None:
    parent = await _start(stage)
    await _runs(stage, parent, 2)
    await _child(stage, parent).deliver(GO)
    result = await parent.wait()
    assert result.output == [{"answer": 7}, {"rounds": 12}]
    # Told by a signal: no worker was held.
    told = sum((kinds(run) for run in await stage.histories(parent)), start=type(kinds([]))())
    assert told["WORKFLOW_EXECUTION_SIGNALED"] == 1
    assert not told["ACTIVITY_TASK_SCHEDULED"]


async def test_a_child_that_ended_between_two_runs_of_its_parent_is_found(stage: Stage) -> None:
    parent = await _start(stage, rounds=20)
    await _runs(stage, parent, 2)
    await parent.pause()
    await _child(stage, parent).deliver(GO)
    assert (await _child(stage, parent).wait()).output == {"answer": 7}
    await parent.resume()
    assert (await parent.wait()).output == [{"answer": 7}, {"rounds": 20}]


async def test_a_childs_error_reaches_a_later_run_of_its_parent(stage: Stage) -> None:
    parent = await _start(stage)
    await _runs(stage, parent, 2)
    await _child(stage, parent).deliver(GO | {"data": "no number"})
    stage.engine.documents.register(stage.load(CHILD, "child"))
    result = await parent.wait()
    assert result.output == [{"answer": "no number"}, {"rounds": 12}]

    failing = stage.load(CHILD.replace("{answer: '${ .[0] }'}", "{answer: '${ .[0] | error }'}"), "failing")
    stage.engine.documents.register(failing)
    parent = await _start(stage, PARENT.replace("name: child", "name: failing"))
    await _runs(stage, parent, 2)
    await _child(stage, parent).deliver(GO)
    result = await parent.wait()
    assert result.error is not None
    assert result.error.type.endswith("/expression")
    assert result.error.instance == "/do/0/both/fork/branches/0/child"


async def test_a_cancelled_child_is_a_fault_of_a_later_run_of_its_parent(stage: Stage) -> None:
    parent = await _start(stage)
    await _runs(stage, parent, 2)
    await _child(stage, parent).cancel("by hand")
    result = await parent.wait()
    assert result.error is not None
    assert result.error.title == "The sub-workflow child was cancelled"


@pytest.mark.parametrize("runs", [1, 2])
async def test_a_cancelled_parent_takes_its_child_along(stage: Stage, runs: int) -> None:
    parent = await _start(stage, rounds=1000)
    await _runs(stage, parent, runs)
    await _until_running(_child(stage, parent))
    await parent.cancel("enough")
    assert (await parent.wait()).status is Status.CANCELLED
    assert (await _child(stage, parent).wait()).status is Status.CANCELLED


async def test_a_parent_that_asks_its_child_to_tell_of_its_end_can_be_cancelled(stage: Stage) -> None:
    """Several of them, as each is asking for some milliseconds only."""
    parents = await asyncio.gather(*(_asking(stage) for _ in range(8)))
    for parent in parents:
        assert (await parent.wait()).status is Status.CANCELLED
        assert (await _child(stage, parent).wait()).status is Status.CANCELLED


async def _asking(stage: Stage) -> TemporalExecution:
    """An execution that is cancelled at about the time at which its second run asks its child."""
    emit = "{emit: {event: {with: {source: /tests, type: note, data: 1}}}}"
    parent = await _start(stage, PARENT.replace("{wait: {milliseconds: 20}}", emit), rounds=1000)
    handle = stage.client.get_workflow_handle(parent.workflow_id)
    first = (await handle.describe()).run_id
    while (run := (await handle.describe()).run_id) == first:  # noqa: ASYNC110 - Temporal has no event for it
        await asyncio.sleep(0.005)
    second = stage.client.get_workflow_handle(parent.workflow_id, run_id=run)
    while True:
        told = kinds([event async for event in second.fetch_history_events()])
        if told["SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED"]:
            break
    await parent.cancel("enough", force=True)
    return parent


@pytest.mark.parametrize("runs", [1, 2])
async def test_a_parent_that_fails_takes_its_child_along(stage: Stage, runs: int) -> None:
    text = PARENT + "                - fail: {if: '${ $i == " + str(8 * (runs - 1)) + " }', set: {x: '${ error }'}}\n"
    parent = await _start(stage, text, rounds=1000)
    assert (await parent.wait()).status is Status.FAILED
    assert len(await stage.histories(parent)) == runs
    assert (await _child(stage, parent).wait()).status is Status.CANCELLED


@pytest.mark.parametrize("runs", [1, 2])
async def test_a_terminated_parent_takes_its_child_along(stage: Stage, runs: int) -> None:
    parent = await _start(stage, rounds=1000)
    await _runs(stage, parent, runs)
    child = _child(stage, parent)
    await _until_running(child)
    await parent.terminate("enough")
    status = (await stage.client.get_workflow_handle(child.workflow_id).describe()).status
    assert status is WorkflowExecutionStatus.TERMINATED


async def test_a_child_that_nobody_waits_for_outlives_its_parent(stage: Stage) -> None:
    text = "do:\n  - leave: {run: {await: false, workflow: {namespace: tests, name: child, version: '1.0.0'}}}\n"
    parent = await _start(stage, text + "  - stay: {wait: {seconds: 60}}\n")
    child = _child(stage, parent)
    await _until_running(child)
    await parent.terminate()
    await child.deliver(GO)
    assert (await child.wait()).output == {"answer": 7}


async def test_a_parent_hears_of_a_child_that_continued_as_new_too(stage: Stage) -> None:
    looping = "do:\n  - loop: {for: {each: i, in: '${ [range(14)] }'}, do: [{look: {wait: {milliseconds: 20}}}]}\n"
    stage.engine.documents.register(stage.load(looping + CHILD.removeprefix("\ndo:\n"), "looping"))
    parent = await _start(stage, PARENT.replace("name: child", "name: looping"), rounds=11)
    await _runs(stage, parent, 2)
    await _runs(stage, _child(stage, parent), 2)
    await _child(stage, parent).deliver(GO)
    assert (await parent.wait()).output == [{"answer": 7}, {"rounds": 11}]


async def _until_running(child: TemporalExecution) -> None:
    while True:
        try:
            if (await child.snapshot()).tasks:
                return
        except Exception:
            await asyncio.sleep(0.1)
