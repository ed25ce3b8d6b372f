"""The registry in this process: what happens when an engine breaks, or when starts of one id race."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from stigmer_engine import Engine, EngineConfig, Status
from stigmer_ports.redaction import Redactor
from stigmer_runner.config import Settings
from stigmer_runner.executions import ExecutionRegistry, ExecutionRequest
from stigmer_runner.refusals import Reason, Refused

HEADER = "document: {dsl: 1.0.0, namespace: test, name: sample, version: 1.0.0}\n"
VALID = HEADER + "do:\n  - only: {set: {a: 1}}\n"
ENDLESS = HEADER + "do:\n  - hold: {wait: {hours: 1}}\n"


class BrokenClock:
    """The time, until it is broken."""

    def __init__(self) -> None:
        self.broken = False

    def __call__(self) -> float:
        if self.broken:
            raise RuntimeError("the clock broke: hush-hush")
        return time.time()


@pytest.fixture
def clock() -> BrokenClock:
    return BrokenClock()


@pytest.fixture
async def executions(clock: BrokenClock) -> AsyncIterator[ExecutionRegistry]:
    async with Engine(EngineConfig(clock=clock)) as engine:
        yield ExecutionRegistry(engine, Settings(), Redactor(["hush-hush"]))


async def test_a_defect_of_the_engine_ends_the_run_for_everybody(
    executions: ExecutionRegistry, clock: BrokenClock
) -> None:
    run = await executions.start(ExecutionRequest(document=HEADER + "do:\n  - hold: {wait: {milliseconds: 50}}\n"))
    async for event in run.log.follow():
        clock.broken = clock.broken or event.task_name == "hold"
    assert event.error is not None
    assert (event.event_type, event.error.code) == ("workflow_failed", "SYSTEM_PANIC")
    assert "RuntimeError" in event.error.stack_trace
    assert "hush-hush" not in event.error.stack_trace
    assert await run.status() is Status.FAILED
    await executions.drain(60, asyncio.Event())
    assert await executions.find(run.id) is run


async def test_starts_of_one_id_at_the_same_time_make_one_run(executions: ExecutionRegistry) -> None:
    request = ExecutionRequest(execution_id="same", document=VALID)
    runs = await asyncio.gather(*(executions.start(request) for _ in range(20)))
    assert len(set(map(id, runs))) == 1


async def test_a_start_that_fails_does_not_block_its_id(executions: ExecutionRegistry) -> None:
    wrong = ExecutionRequest(execution_id="again", document="not: a workflow")
    attempts = await asyncio.gather(*(executions.start(wrong) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(attempt, Refused) and attempt.reason is Reason.INVALID_DOCUMENT for attempt in attempts)
    run = await executions.start(ExecutionRequest(execution_id="again", document=VALID))
    assert (await run.execution.wait()).status is Status.COMPLETED


async def test_nothing_starts_after_the_drain_and_loads_under_way_are_refused(executions: ExecutionRegistry) -> None:
    running = await executions.start(ExecutionRequest(execution_id="running", document=ENDLESS))
    loading = asyncio.ensure_future(executions.start(ExecutionRequest(document=VALID)))
    await asyncio.sleep(0)
    hurry = asyncio.Event()
    hurry.set()
    report = await executions.drain(60, hurry)
    assert report.cut == (running.id,)
    with pytest.raises(Refused) as refused:
        await loading
    assert refused.value.reason is Reason.SHUTTING_DOWN


async def test_a_start_given_up_by_its_client_leaves_nothing_behind(executions: ExecutionRegistry) -> None:
    starting = asyncio.ensure_future(executions.start(ExecutionRequest(execution_id="given-up", document=VALID)))
    await asyncio.sleep(0)
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    run = await executions.start(ExecutionRequest(execution_id="given-up", document=VALID))
    assert (await run.execution.wait()).status is Status.COMPLETED


def test_requests_do_not_show_their_secrets() -> None:
    shown = repr(ExecutionRequest(document=VALID, env={"A": "env-value"}, secrets={"B": "secret-value"}))
    assert "env-value" not in shown
    assert "secret-value" not in shown
