"""What hostile documents and busy machines do to executions on Temporal."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from stigmer_engine import EngineConfig
from stigmer_engine.events import Status
from stigmer_engine.runtimes.temporal.names import (
    ATTEND_SIGNAL,
    DEFAULT_QUEUE,
    INVALID_DOCUMENT,
    STATUS_QUERY,
    WORKFLOW_TYPE,
    workflow_id,
)
from temporalio.client import WorkflowFailureError, WorkflowQueryFailedError
from temporalio.exceptions import ApplicationError

from packages.engine.tests.temporal_stage import Stage, kinds, open_stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Longer than the two seconds after which Temporal's SDK by itself takes a workflow for deadlocked.
STANDSTILL_SECONDS = 3.0
SUM = "do: [{sum: {set: {n: '${ [range(10)] | add }'}}}]\n"


@pytest_asyncio.fixture(loop_scope="module")
async def stage(temporal_address: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(temporal_address, tmp_path, config=EngineConfig(activities=True)) as opened:
        yield opened


def evaluating() -> list[int]:
    """The child processes of this one that evaluate expressions."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            command = (place / "cmdline").read_text()
        except OSError:
            continue
        if parent == os.getpid() and "expressions/worker.py" in command:
            found.append(int(place.name))
    return found


async def test_an_expression_that_has_to_wait_for_a_processor_is_no_deadlock(stage: Stage) -> None:
    document = stage.load(SUM)
    assert (await (await stage.executions.start(document)).wait()).status is Status.COMPLETED
    children = evaluating()
    assert children
    for child in children:
        os.kill(child, signal.SIGSTOP)
    try:
        execution = await stage.executions.start(document)
        await asyncio.sleep(STANDSTILL_SECONDS)
    finally:
        for child in children:
            os.kill(child, signal.SIGCONT)
    assert (await execution.wait()).output == {"n": 45}
    (history,) = await stage.histories(execution)
    assert kinds(history)["WORKFLOW_TASK_FAILED"] == 0


async def test_what_temporal_would_refuse_again_and_again_is_a_fault_of_the_task(stage: Stage) -> None:
    """A name too long, a queue of Temporal's own, an error of many megabytes: none leaves an execution stuck."""
    long = '"a" * 1500'
    for given in (
        f"name: '${{ {long} }}'",
        f"name: x, taskQueue: '${{ {long} }}'",
        "name: x, taskQueue: /_sys/internal",
        "name: x, options: {taskQueue: /_sys/internal}",
        "name: x, taskQueue: '${ \" \" }'",
    ):
        execution = await stage.executions.start(stage.load(f"do: [{{a: {{call: activity, with: {{{given}}}}}}}]"))
        error = (await execution.wait()).error
        assert error is not None, given
        assert (error.type.rpartition("/")[2], error.instance) == ("configuration", "/do/0/a"), given


async def test_an_error_may_be_larger_than_a_failure_on_temporal(stage: Stage) -> None:
    text = """
do:
  - large: {set: {text: '${ "a" * 4000000 }'}}
  - fail: {raise: {error: {type: 'https://example.org/e', status: 500, title: big, detail: '${ .text }'}}}
"""
    execution = await stage.executions.start(stage.load(text))
    error = (await execution.wait()).error
    assert error is not None
    assert len(error.detail) == 4_000_000
    assert [event.error is not None async for event in execution.follow()][-1]


async def test_a_limit_of_any_length_is_one_that_never_comes(stage: Stage) -> None:
    document = stage.load("do: [{a: {set: {n: 1}}}]")
    for seconds in (1e12, 1e300, float("inf")):
        execution = await stage.executions.start(document, max_timeout_seconds=seconds)
        assert (await execution.wait()).output == {"n": 1}


async def test_a_token_of_nobody_does_not_hold_up_the_end(stage: Stage) -> None:
    execution = await stage.executions.start(stage.load("do: [{a: {wait: PT1S}}]"))
    await stage.client.get_workflow_handle(execution.workflow_id).signal(ATTEND_SIGNAL, "no token")
    assert (await execution.wait()).status is Status.COMPLETED
    (history,) = await stage.histories(execution)
    assert not kinds(history)["ACTIVITY_TASK_FAILED"]
    (started,) = [event for event in history if event.HasField("activity_task_started_event_attributes")]
    assert started.activity_task_started_event_attributes.attempt == 1


async def test_a_document_that_cannot_be_read_fails_at_once_whoever_asks_and_signals_meanwhile(stage: Stage) -> None:
    handle = await stage.client.start_workflow(
        WORKFLOW_TYPE,
        args=["do: nothing", {"execution_id": "unreadable", "nonce": "n"}, {}],
        id=workflow_id("unreadable"),
        task_queue=DEFAULT_QUEUE,
        start_signal="pause",
    )
    execution = stage.executions.find("unreadable")

    async def events() -> list[int]:
        return [event.sequence_number async for event in execution.follow()]

    seen = await asyncio.gather(*(events() for _ in range(5)))
    assert seen == [[]] * 5
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == INVALID_DOCUMENT
    with pytest.raises(WorkflowQueryFailedError, match="error"):
        await handle.query(STATUS_QUERY)
    (history,) = await stage.histories(execution)
    assert kinds(history)["WORKFLOW_TASK_FAILED"] == kinds(history)["WORKFLOW_TASK_TIMED_OUT"] == 0
