"""The reporter against a real receiver: order, at least once, isolation, bounds, the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from grpclib.const import Status
from stigmer_callback import (
    Backoff,
    CallbackClient,
    CallbackConfig,
    DeliveryReport,
    ProgressReporter,
    ReporterLimits,
    Secret,
    new_progress_event,
)
from stigmer_callback.testing import NullClient, RecordingReceiver
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ReportProgressResponse, WorkflowProgressEvent
from stigmer_proto_json import payload_from_json

QUICK = Backoff(initial_seconds=0.005, maximum_seconds=0.02)


def limits(*, max_events: int = 10_000, max_refusals: int = 5, max_event_bytes: int = 4_000_000) -> ReporterLimits:
    return ReporterLimits(
        retry=QUICK, rest=QUICK, max_events=max_events, max_refusals=max_refusals, max_event_bytes=max_event_bytes
    )


def event(execution_id: str, number: int, event_type: str = "task_started") -> WorkflowProgressEvent:
    return new_progress_event(execution_id, event_type, "flow", "running", "", number)


def numbers(events: tuple[WorkflowProgressEvent, ...]) -> list[int]:
    return [item.sequence_number for item in events]


@asynccontextmanager
async def reporting(
    receiver: RecordingReceiver, limits: ReporterLimits, *, call_timeout: float = 10
) -> AsyncIterator[ProgressReporter]:
    config = CallbackConfig(endpoint=receiver.endpoint, api_key=Secret("k"), call_timeout_seconds=call_timeout)
    async with CallbackClient(config) as client, ProgressReporter(client, limits=limits) as reporter:
        yield reporter


async def test_a_thousand_executions_share_one_reporter_each_in_order() -> None:
    async with RecordingReceiver(api_key="k") as receiver, reporting(receiver, limits()) as reporter:
        for number in (1, 2, 3):
            for execution in range(1000):
                reporter.offer(event(f"e{execution}", number))
        assert await reporter.flush()
        arrived: dict[str, list[int]] = {}
        for item in receiver.events:
            arrived.setdefault(item.workflow_execution_id, []).append(item.sequence_number)
        assert len(arrived) == 1000
        assert set(map(tuple, arrived.values())) == {(1, 2, 3)}
        assert reporter.report == DeliveryReport(
            offered=3000, delivered=3000, rejected=0, dropped=0, undelivered=0, undelivered_by_execution={}
        )


async def test_failures_on_the_way_lose_nothing_and_keep_the_order() -> None:
    async with RecordingReceiver() as receiver, reporting(receiver, limits(), call_timeout=0.1) as reporter:
        receiver.refuse(Status.UNAVAILABLE, times=7)
        receiver.answer_garbage(times=2)
        receiver.hang(times=2)
        for number in range(1, 51):
            for execution_id in ("a", "b", "c"):
                reporter.offer(event(execution_id, number))
        await receiver.wait_for_events(40)
        await receiver.vanish()
        await asyncio.sleep(0.05)
        await receiver.reappear()
        assert await reporter.flush()
        for execution_id in ("a", "b", "c"):
            assert numbers(receiver.events_of(execution_id)) == list(range(1, 51))


async def test_offers_cost_a_workflow_no_turn_of_the_loop() -> None:
    async with RecordingReceiver() as receiver, reporting(receiver, limits(max_events=50)) as reporter:
        receiver.hang()
        ticks = 0

        def tick() -> None:
            nonlocal ticks
            ticks += 1
            asyncio.get_running_loop().call_soon(tick)

        tick()
        for number in range(1, 1001):
            reporter.offer(event("e", number))
        assert ticks == 1, "nothing else ran meanwhile, so no offer waited for anything"
        assert reporter.report.dropped == 950
        await reporter.close(timeout=0.05)


@pytest.mark.parametrize("manner", ["hangs", "refuses", "answers garbage", "rejects"])
async def test_one_stuck_execution_starves_no_other(manner: str) -> None:
    async with RecordingReceiver() as receiver, reporting(receiver, limits(), call_timeout=5) as reporter:
        misbehave = {
            "hangs": receiver.hang,
            "refuses": receiver.refuse,
            "answers garbage": receiver.answer_garbage,
            "rejects": receiver.reject,
        }[manner]
        misbehave(execution_id="stuck")
        for number in range(1, 101):
            reporter.offer(event("stuck", number))
        await receiver.wait_for_calls(1)
        for number in range(1, 101):
            reporter.offer(event("healthy", number))
        await receiver.wait_for_events(100)
        assert numbers(receiver.events_of("healthy")) == list(range(1, 101))
        assert not receiver.events_of("stuck")
        await reporter.close(timeout=0.05)


async def test_even_many_stuck_executions_leave_places_for_the_healthy() -> None:
    async with RecordingReceiver() as receiver, reporting(receiver, limits(), call_timeout=0.1) as reporter:
        for execution in range(200):
            receiver.hang(execution_id=f"stuck{execution}")
            reporter.offer(event(f"stuck{execution}", 1))
        for number in range(1, 101):
            reporter.offer(event("healthy", number))
        # On a busy machine a call may be given up though it is accepted: its event comes again, and counts once.
        while len(receiver.events_of("healthy")) < 100:
            await receiver.wait_for_events(len(receiver.events) + 1)
        assert numbers(receiver.events_of("healthy")) == list(range(1, 101))
        await reporter.close(timeout=0.05)


async def test_an_overflow_keeps_the_ends_counts_the_rest_and_warns_once(caplog: pytest.LogCaptureFixture) -> None:
    async with RecordingReceiver() as receiver:
        await receiver.vanish()
        async with reporting(receiver, limits(max_events=20)) as reporter:
            reporter.offer(event("done", 1))
            reporter.offer(event("done", 2, "workflow_completed"))
            for number in range(1, 101):
                reporter.offer(event("long", number))
            assert reporter.report.dropped == 82
            await receiver.reappear()
            assert await reporter.flush()
            assert numbers(receiver.events_of("done")) == [2], "the receiver sees the gap"
            assert numbers(receiver.events_of("long")) == list(range(82, 101))
            assert reporter.report.dropped + reporter.report.delivered == reporter.report.offered
    assert [record.getMessage()[:27] for record in caplog.records].count("the progress buffer is full") == 1


async def test_a_dead_endpoint_is_left_alone() -> None:
    calls = 0
    enough = asyncio.Event()
    rest = ReporterLimits(retry=QUICK, rest=Backoff(initial_seconds=30, maximum_seconds=30))

    class CountingClient:
        async def report_progress(self, event: WorkflowProgressEvent) -> ReportProgressResponse:
            nonlocal calls
            calls += 1
            if calls == rest.misses_before_rest:
                enough.set()
            return await client.report_progress(event)

    async with RecordingReceiver() as receiver:
        config = CallbackConfig(endpoint=receiver.endpoint, api_key=Secret("k"))
        await receiver.vanish()
        async with CallbackClient(config) as client:
            reporter = ProgressReporter(CountingClient(), limits=rest)
            async with reporter:
                for execution in range(1000):
                    reporter.offer(event(f"e{execution}", 1))
                await enough.wait()
                await asyncio.sleep(0.2)
                # Calls that were under way when the rest began still end, so the places are the bound.
                assert calls <= rest.max_calls + rest.max_suspect_calls
                await receiver.reappear()
                report = await reporter.close(timeout=20)
            assert report.complete, "closing gives a resting endpoint a last try at once"


async def test_close_reports_what_is_not_delivered(caplog: pytest.LogCaptureFixture) -> None:
    async with RecordingReceiver() as receiver, reporting(receiver, limits()) as reporter:
        reporter.offer(event("a", 1))
        assert await reporter.flush()
        receiver.hang()
        reporter.offer(event("a", 2))
        reporter.offer(event("a", 3))
        reporter.offer(event("b", 1))
        report = await reporter.close(timeout=0.05)
        assert report == DeliveryReport(
            offered=4, delivered=1, rejected=0, dropped=0, undelivered=3, undelivered_by_execution={"a": 2, "b": 1}
        )
        assert not report.complete
        reporter.offer(event("b", 2))
        assert (await reporter.close()).dropped == 1
    lines = [record.getMessage() for record in caplog.records]
    assert lines.count(
        "of 4 progress events 3 were not delivered (3 left in the buffer, 0 dropped, 0 rejected)"
    ) == 1  # fmt: skip


async def test_close_delivers_what_it_can() -> None:
    async with RecordingReceiver() as receiver, reporting(receiver, limits()) as reporter:
        for number in range(1, 101):
            reporter.offer(event("a", number))
        assert (await reporter.close()).complete
        assert numbers(receiver.events) == list(range(1, 101))


async def test_close_gives_a_backed_off_execution_a_last_try() -> None:
    slow = ReporterLimits(retry=Backoff(initial_seconds=3600, maximum_seconds=3600))
    async with RecordingReceiver() as receiver, reporting(receiver, slow) as reporter:
        receiver.refuse(times=1)
        reporter.offer(event("a", 1))
        await receiver.wait_for_calls(1)
        await asyncio.sleep(0.05)
        assert (await reporter.close(timeout=20)).complete


async def test_events_offered_before_the_start_wait_for_it() -> None:
    reporter = ProgressReporter(NullClient())
    reporter.offer(event("a", 1))
    assert reporter.report.undelivered == 1
    async with reporter:
        assert await reporter.flush()
    assert reporter.report.complete
    idle = ProgressReporter(NullClient())
    idle.offer(event("a", 1))
    assert (await idle.close()).undelivered_by_execution == {"a": 1}


async def test_a_refused_event_is_given_up_and_the_next_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async with RecordingReceiver() as receiver, reporting(receiver, limits(max_refusals=3)) as reporter:
        receiver.refuse(Status.INTERNAL, "cannot store", times=3)
        reporter.offer(event("a", 1))
        reporter.offer(event("a", 2))
        assert await reporter.flush()
        receiver.refuse(Status.NOT_FOUND, "no such execution", times=2)
        reporter.offer(event("a", 3))
        reporter.offer(event("a", 4))
        reporter.offer(event("a", 5))
        assert await reporter.flush()
        assert numbers(receiver.events) == [2, 5]
        assert (reporter.report.delivered, reporter.report.rejected) == (2, 3)
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert any("event 1 of a is given up" in line and "cannot store" in line for line in warnings)


async def test_a_wrong_key_keeps_the_events_until_the_receiver_agrees() -> None:
    async with RecordingReceiver() as receiver, reporting(receiver, limits(max_refusals=1)) as reporter:
        receiver.refuse(Status.UNAUTHENTICATED, times=10)
        reporter.offer(event("a", 1))
        reporter.offer(event("b", 1))
        assert await reporter.flush()
        assert reporter.report.complete


async def test_an_event_that_cannot_be_encoded_fails_no_offer(caplog: pytest.LogCaptureFixture) -> None:
    async with RecordingReceiver() as receiver, reporting(receiver, limits()) as reporter:
        broken = event("a", 1)
        broken.message = "\ud800"
        reporter.offer(broken)
        reporter.offer(event("a", 2))
        assert await reporter.flush()
        assert numbers(receiver.events) == [2]
        assert reporter.report.rejected == 1
    assert any("cannot be encoded" in record.getMessage() for record in caplog.records)


async def test_an_event_over_the_size_limit_loses_its_payload_not_its_end() -> None:
    async with RecordingReceiver() as receiver, reporting(receiver, limits(max_event_bytes=20_000)) as reporter:
        large = event("a", 1, "workflow_completed")
        large.payload = payload_from_json({"text": "x" * 30_000})
        large.message = "Done"
        wordy = event("b", 1, "workflow_failed")
        wordy.message = "y" * 30_000
        reporter.offer(large)
        reporter.offer(wordy)
        assert await reporter.flush()
        (done,) = receiver.events_of("a")
        assert done.payload is None
        assert done.message.startswith("Done [event of 30")
        (failed,) = receiver.events_of("b")
        assert failed.message.startswith("yyy")
        assert failed.message.endswith("over the limit of 20000: shortened]")


async def test_a_client_that_raises_anything_is_survived() -> None:
    class BrokenClient:
        async def report_progress(self, event: WorkflowProgressEvent) -> ReportProgressResponse:
            raise KeyError(event.message)

    async with ProgressReporter(BrokenClient()) as reporter:
        reporter.offer(event("a", 1))
        assert await reporter.flush()
        assert reporter.report.rejected == 1
