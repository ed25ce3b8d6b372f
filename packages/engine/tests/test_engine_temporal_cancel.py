"""Calls under way hear of a cancellation, finish while they may, and survive the end of their worker."""

import asyncio
import random
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from stigmer_engine import EngineConfig
from stigmer_engine.events import EventType, Status
from stigmer_engine.processes import ProcessConfig
from stigmer_engine.runtimes.temporal import Rules, TemporalExecution, WorkerConfig
from stigmer_engine.runtimes.temporal.names import CANCEL_SIGNAL, RESUME_SIGNAL
from stigmer_engine.testing.runs import ServeHttp
from temporalio.client import Client, WorkflowExecutionStatus

from packages.engine.tests.temporal_stage import HEAD, Stage, kinds, open_stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALL = """
do:
  - ask:
      call: http
      with: {method: get, endpoint: PEER}
  - after: {set: {reached: true}}
"""


class SlowPeer:
    """Answers when it may, and knows who has hung up."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.left = asyncio.Event()
        self.requests = 0

    async def __call__(self, scope: object, receive: object, send: object) -> None:
        request = Request(scope, receive)  # type: ignore[arg-type]
        self.requests += 1
        self.arrived.set()
        while not self.may_answer.is_set():
            if await request.is_disconnected():
                self.left.set()
                return
            await asyncio.sleep(0.05)
        await JSONResponse({"ok": True})(request.scope, request.receive, send)  # type: ignore[arg-type]


@pytest.mark.parametrize("heartbeat", ["", "metadata: {activityOptions: {heartbeatTimeout: PT60S}}"])
async def test_a_call_under_way_hears_of_a_forced_cancellation(
    temporal_address: str, tmp_path: Path, serve: ServeHttp, heartbeat: str
) -> None:
    peer = SlowPeer()
    text = CALL
    if heartbeat:
        text = text.replace("  - ask:\n", f"  - ask:\n      {heartbeat}\n")
    async with serve(peer) as url, open_stage(temporal_address, tmp_path) as stage:
        execution = await stage.executions.start(stage.load(text.replace("PEER", url)))
        await peer.arrived.wait()
        await execution.cancel("enough", force=True)
        await peer.left.wait()
        assert (await execution.wait()).status is Status.CANCELLED
        assert await ended_as(stage, execution) == (WorkflowExecutionStatus.CANCELED, 0)
        events = [event async for event in execution.follow()]
    assert [e.status for e in events[-2:]] == [Status.CANCELLED, Status.CANCELLED]
    assert "enough" in events[-1].message


async def test_what_waits_is_cancelled_by_force_for_temporal_too(temporal_address: str, tmp_path: Path) -> None:
    async with open_stage(temporal_address, tmp_path) as stage:
        for _ in range(5):
            execution = await stage.executions.start(stage.load("do: [{a: {wait: PT1H}}]"))
            await asyncio.sleep(random.random() / 10)
            await execution.cancel("enough", force=True)
            assert (await execution.wait()).status is Status.CANCELLED
            assert await ended_as(stage, execution) == (WorkflowExecutionStatus.CANCELED, 0)


async def test_a_forced_end_of_which_temporal_hears_nothing_is_a_failure(temporal_address: str, tmp_path: Path) -> None:
    async with open_stage(temporal_address, tmp_path) as stage:
        executions = stage.with_rules(Rules(own_cancellation_seconds=1))
        execution = await executions.start(stage.load("do: [{a: {wait: PT1H}}]"))
        await stage.client.get_workflow_handle(execution.workflow_id).signal(CANCEL_SIGNAL, "by hand")
        assert (await execution.wait()).status is Status.CANCELLED
        assert await ended_as(stage, execution) == (WorkflowExecutionStatus.FAILED, 1)


async def test_a_cancellation_beside_a_message_is_not_lost_when_the_execution_continues_as_new(
    temporal_address: str, tmp_path: Path
) -> None:
    async with open_stage(temporal_address, tmp_path) as stage:
        execution = await stage.with_rules(Rules(history_events=6)).start(stage.load("do: [{a: {wait: PT1H}}]"))
        await execution.snapshot()
    # Nobody is there: both come in one workflow task, in which it is time to continue as new.
    client = await Client.connect(temporal_address)
    handle = client.get_workflow_handle(execution.workflow_id)
    await handle.signal(RESUME_SIGNAL)
    await handle.cancel()
    async with open_stage(temporal_address, tmp_path) as stage:
        assert (await stage.executions.find(execution.id).wait()).status is Status.CANCELLED


async def ended_as(stage: Stage, execution: TemporalExecution) -> tuple[WorkflowExecutionStatus | None, int]:
    """How Temporal says that it ended, and how many timers fired."""
    status = (await stage.client.get_workflow_handle(execution.workflow_id).describe()).status
    (history,) = await stage.histories(execution)
    return status, kinds(history)["TIMER_FIRED"]


async def test_a_call_under_way_may_finish_after_a_cancellation(
    temporal_address: str, tmp_path: Path, serve: ServeHttp
) -> None:
    peer = SlowPeer()
    async with serve(peer) as url, open_stage(temporal_address, tmp_path) as stage:
        execution = await stage.executions.start(stage.load(CALL.replace("PEER", url)))
        await peer.arrived.wait()
        await execution.cancel("enough")
        while (await stage.client.get_workflow_handle(execution.workflow_id).describe()).history_length < 9:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        peer.may_answer.set()
        assert (await execution.wait()).status is Status.CANCELLED
        events = [event async for event in execution.follow()]
    assert not peer.left.is_set()
    ended = [e.task_name for e in events if e.event_type is EventType.TASK_COMPLETED]
    assert ended == ["ask"]
    assert "after" not in {e.task_name for e in events}


async def test_a_call_that_does_not_finish_in_its_grace_is_interrupted(
    temporal_address: str, tmp_path: Path, serve: ServeHttp
) -> None:
    peer = SlowPeer()
    async with serve(peer) as url, open_stage(temporal_address, tmp_path) as stage:
        executions = stage.with_rules(Rules(cancel_grace_seconds=1))
        execution = await executions.start(stage.load(CALL.replace("PEER", url)))
        await peer.arrived.wait()
        await execution.cancel("enough")
        await peer.left.wait()
        assert (await execution.wait()).status is Status.CANCELLED


async def test_a_worker_that_stops_lets_calls_finish(temporal_address: str, tmp_path: Path, serve: ServeHttp) -> None:
    peer = SlowPeer()
    async with serve(peer) as url:
        async with open_stage(temporal_address, tmp_path) as stage:
            execution = await stage.executions.start(stage.load(CALL.replace("PEER", url)))
            await peer.arrived.wait()
            asyncio.get_running_loop().call_later(0.5, peer.may_answer.set)
        async with open_stage(temporal_address, tmp_path) as stage:
            result = await stage.executions.find(execution.id).wait()
    assert result.output == {"reached": True}
    assert peer.requests == 1


async def test_a_call_that_its_worker_gives_up_is_made_by_another_one(
    temporal_address: str, tmp_path: Path, serve: ServeHttp
) -> None:
    peer = SlowPeer()
    hasty = WorkerConfig(grace=timedelta(milliseconds=100))
    async with serve(peer) as url:
        async with open_stage(temporal_address, tmp_path, worker=hasty) as stage:
            execution = await stage.executions.start(stage.load(CALL.replace("PEER", url)))
            await peer.arrived.wait()
        await peer.left.wait()
        peer.may_answer.set()
        async with open_stage(temporal_address, tmp_path) as stage:
            result = await stage.executions.find(execution.id).wait()
            (history,) = await stage.histories(execution)
    assert result.output == {"reached": True}
    assert peer.requests == 2
    assert kinds(history)["ACTIVITY_TASK_SCHEDULED"] == 1


async def test_a_worker_without_the_capability_leaves_calls_to_others(temporal_address: str, tmp_path: Path) -> None:
    text = """
do:
  - loop:
      for: {each: i, in: '${ [range(6)] }'}
      do: [{shout: {run: {shell: {command: 'echo -n ${ $i }'}}}}]
"""
    able = EngineConfig(processes=ProcessConfig(allow_shell=True))
    async with (
        open_stage(temporal_address, tmp_path) as unable,
        open_stage(temporal_address, tmp_path, config=able) as stage,
    ):
        execution = await unable.executions.start(stage.engine.load(HEAD.replace("NAME", "shell") + text))
        result = await execution.wait()
    assert result.error is None
    assert result.output == "5"
