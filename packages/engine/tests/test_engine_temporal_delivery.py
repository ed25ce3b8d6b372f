"""Events reach their receiver in order and at least once, for one marker a workflow task at most."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from stigmer_engine.events import ProgressEvent, Status
from stigmer_engine.runtimes.temporal import Rules, TemporalExecution
from temporalio.api.enums.v1 import EventType as HistoryEventType

from packages.engine.tests.temporal_stage import Stage, kinds, open_stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOOP = """
do:
  - loop:
      for: {each: i, in: '${ [range(.rounds)] }'}
      do:
        - rest: {wait: {milliseconds: 1}}
        - keep: {set: {i: '${ $i }'}}
"""


class Receiver:
    """Takes events, or does not; remembers every batch."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.last: list[bool] = []
        self.failures_left = 0
        self.dead = False
        self.takes = 10_000

    async def deliver(self, events: Sequence[ProgressEvent], *, last: bool) -> int:
        """See EventReceiver."""
        self.batches.append([event.sequence_number for event in events])
        self.last.append(last)
        if self.dead or self.failures_left > 0:
            self.failures_left -= 1
            raise ConnectionError("nobody is there")
        taken = events[: self.takes]
        return taken[-1].sequence_number

    def check(self, latest: int) -> None:
        """Every event came, the first time in order, and none was left out before the next."""
        newest = 0
        for batch in self.batches:
            assert batch == list(range(batch[0], batch[-1] + 1))
            assert batch[0] <= newest + 1
            newest = max(newest, batch[-1])
        assert newest == latest


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(temporal_address: str, tmp_path: Path, receiver: Receiver) -> AsyncIterator[Stage]:
    async with open_stage(temporal_address, tmp_path, receiver=receiver) as opened:
        yield opened


async def _start(stage: Stage, rounds: int, rules: Rules | None = None, text: str = LOOP) -> TemporalExecution:
    executions = stage.with_rules(rules or Rules(), reports=True)
    return await executions.start(stage.load(text), input={"rounds": rounds})


async def _latest(execution: TemporalExecution) -> int:
    return [event.sequence_number async for event in execution.follow()][-1]


async def _markers(stage: Stage, execution: TemporalExecution) -> Counter[tuple[int, int]]:
    """How many delivery markers each workflow task has, by run and by the event that ended the task."""
    found: Counter[tuple[int, int]] = Counter()
    for run, history in enumerate(await stage.histories(execution)):
        for event in history:
            marker = event.marker_recorded_event_attributes
            if event.event_type == HistoryEventType.EVENT_TYPE_MARKER_RECORDED and b"deliver-events" in (
                marker.SerializeToString()
            ):
                found[run, marker.workflow_task_completed_event_id] += 1
    return found


@pytest.mark.parametrize("history_events", [0, 40])
async def test_there_is_one_marker_a_workflow_task_at_most(
    stage: Stage, receiver: Receiver, history_events: int
) -> None:
    execution = await _start(stage, 8, Rules(history_events=history_events))
    await execution.wait()
    receiver.check(await _latest(execution))
    assert len(receiver.batches) == len({tuple(batch) for batch in receiver.batches})
    markers = await _markers(stage, execution)
    assert set(markers.values()) == {1}
    tasks = sum(kinds(run)["WORKFLOW_TASK_COMPLETED"] for run in await stage.histories(execution))
    assert len(markers) <= tasks
    assert (len(await stage.histories(execution)) > 1) == bool(history_events)


async def test_long_work_without_a_pause_costs_one_marker_a_workflow_task(stage: Stage, receiver: Receiver) -> None:
    text = LOOP.replace("        - rest: {wait: {milliseconds: 1}}\n", "")
    execution = await _start(stage, 4000, Rules(turn_work=2000), text)
    await execution.wait()
    receiver.check(await _latest(execution))
    assert set((await _markers(stage, execution)).values()) == {1}


async def test_a_receiver_that_fails_for_a_while_misses_nothing(stage: Stage, receiver: Receiver) -> None:
    receiver.failures_left = 2
    execution = await _start(stage, 4)
    await execution.wait()
    receiver.check(await _latest(execution))


async def test_a_receiver_may_take_a_part(stage: Stage, receiver: Receiver) -> None:
    receiver.takes = 3
    execution = await _start(stage, 2)
    await execution.wait()
    receiver.check(await _latest(execution))


async def test_a_receiver_that_comes_back_is_told_while_nothing_happens(stage: Stage, receiver: Receiver) -> None:
    receiver.failures_left = 1
    execution = await _start(stage, 0, text="do: [{stay: {wait: {hours: 1}}}]\n")
    while len(receiver.batches) < 2:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    await execution.cancel()
    await execution.wait()
    receiver.check(await _latest(execution))


async def test_a_dead_receiver_costs_a_warning_and_one_try_at_the_end(
    stage: Stage, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.dead = True
    execution = await _start(stage, 4)
    assert (await execution.wait()).status is Status.COMPLETED
    assert receiver.last == [False, True]
    warnings = [record.getMessage() for record in caplog.records if "were not delivered" in record.getMessage()]
    assert any("nobody took them" in warning for warning in warnings)
    (alive,) = await stage.histories(execution)
    receiver.dead = False
    other = await _start(stage, 4)
    await other.wait()
    (told,) = await stage.histories(other)
    assert len(alive) <= len(told)


async def test_what_was_not_delivered_is_carried_into_the_next_run(stage: Stage, receiver: Receiver) -> None:
    receiver.dead = True
    execution = await _start(stage, 20, Rules(history_events=40))
    while len(await stage.histories(execution)) < 2:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    receiver.dead = False
    await execution.wait()
    receiver.check(await _latest(execution))
    assert receiver.batches[-1][-1] == await _latest(execution)
