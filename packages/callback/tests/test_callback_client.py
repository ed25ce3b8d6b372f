from __future__ import annotations

import asyncio

import pytest
from grpclib.const import Status
from stigmer_callback import Backoff, CallbackClient, CallbackConfig, Secret, new_progress_event
from stigmer_callback.errors import (
    BrokenAnswerError,
    CallRefusedError,
    ClientClosedError,
    ConnectionLostError,
    EventRejectedError,
    InvalidEventError,
    NoAnswerError,
    ReportError,
)
from stigmer_callback.testing import NullClient, RecordingReceiver
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowProgressEvent

KEY = "key-1"


def event(number: int = 1, message: str = "", execution_id: str = "e") -> WorkflowProgressEvent:
    return new_progress_event(execution_id, "task_started", "flow", "running", message, number)


def config(receiver: RecordingReceiver, *, key: str = KEY, call_timeout: float = 10) -> CallbackConfig:
    return CallbackConfig(endpoint=receiver.endpoint, api_key=Secret(key), call_timeout_seconds=call_timeout)


class RecordedClock:
    """Does not wait, but remembers the waits."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def unix_ms(self) -> int:
        return 0

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(0)


class NoJitter:
    def random(self) -> float:
        return 0


async def test_an_event_arrives_with_the_bearer_token() -> None:
    async with RecordingReceiver(api_key=KEY) as receiver, CallbackClient(config(receiver)) as client:
        assert (await client.report_progress(event(message="hé"))).success
        assert [got.message for got in receiver.events] == ["hé"]


async def test_a_wrong_token_is_refused() -> None:
    async with RecordingReceiver(api_key=KEY) as receiver, CallbackClient(config(receiver, key="other")) as client:
        with pytest.raises(CallRefusedError, match="UNAUTHENTICATED") as caught:
            await client.report_progress_with_retry(event())
        assert caught.value.attempts == 1
        assert not receiver.events


async def test_many_calls_share_one_connection() -> None:
    async with RecordingReceiver(api_key=KEY) as receiver, CallbackClient(config(receiver)) as client:
        await asyncio.gather(*(client.report_progress(event(number)) for number in range(1, 201)))
        assert sorted(got.sequence_number for got in receiver.events) == list(range(1, 201))


PASSING = (
    Status.UNKNOWN, Status.RESOURCE_EXHAUSTED, Status.ABORTED, Status.INTERNAL, Status.UNAVAILABLE,
    Status.DEADLINE_EXCEEDED,
)  # fmt: skip


@pytest.mark.parametrize("status", PASSING)
async def test_a_passing_status_is_retried_with_growing_waits(status: Status) -> None:
    clock = RecordedClock()
    backoff = Backoff(initial_seconds=0.2, maximum_seconds=10, multiplier=3)
    async with (
        RecordingReceiver() as receiver,
        CallbackClient(config(receiver), backoff=backoff, clock=clock, random=NoJitter()) as client,
    ):
        receiver.refuse(status, times=3)
        assert (await client.report_progress_with_retry(event(), attempts=4)).success
        assert receiver.calls == 4
    assert clock.waits == pytest.approx([0.2, 0.6, 1.8])


@pytest.mark.parametrize("status", [status for status in Status if status not in (Status.OK, *PASSING)])
async def test_a_final_status_is_not_retried(status: Status) -> None:
    async with RecordingReceiver() as receiver, CallbackClient(config(receiver)) as client:
        receiver.refuse(status, "no such execution")
        with pytest.raises(CallRefusedError, match=f"answered {status.name}: no such execution") as caught:
            await client.report_progress_with_retry(event())
        assert caught.value.status is status
        assert receiver.calls == 1


async def test_the_last_error_is_raised_when_no_attempt_is_left() -> None:
    clock = RecordedClock()
    async with RecordingReceiver() as receiver, CallbackClient(config(receiver), clock=clock) as client:
        receiver.refuse()
        with pytest.raises(CallRefusedError, match=r"\(after 3 attempts\)"):
            await client.report_progress_with_retry(event())
        assert receiver.calls == 3
        assert len(clock.waits) == 2
        with pytest.raises(ValueError, match="attempts"):
            await client.report_progress_with_retry(event(), attempts=0)


async def test_success_false_is_final() -> None:
    async with RecordingReceiver() as receiver, CallbackClient(config(receiver)) as client:
        receiver.reject()
        with pytest.raises(EventRejectedError, match="rejected"):
            await client.report_progress_with_retry(event())
        assert receiver.calls == 1


async def test_garbage_instead_of_a_message_is_a_broken_answer() -> None:
    async with RecordingReceiver() as receiver, CallbackClient(config(receiver)) as client:
        receiver.answer_garbage(times=1)
        with pytest.raises(BrokenAnswerError):
            await client.report_progress(event())
        await client.report_progress(event())


async def test_no_answer_ends_at_the_deadline_and_the_next_call_gets_through() -> None:
    async with RecordingReceiver() as receiver, CallbackClient(config(receiver, call_timeout=0.05)) as client:
        receiver.hang(times=1)
        with pytest.raises(NoAnswerError, match=r"did not answer within 0\.05 s"):
            await client.report_progress(event())
        await client.report_progress(event())


async def test_a_hanging_call_leaves_the_connection_to_calls_that_are_answered() -> None:
    async with RecordingReceiver() as receiver, CallbackClient(config(receiver, call_timeout=1)) as client:
        receiver.hang(execution_id="stuck")
        stuck = asyncio.create_task(client.report_progress(event(execution_id="stuck")))
        await receiver.wait_for_calls(1)
        while not stuck.done():
            await client.report_progress(event())
        with pytest.raises(NoAnswerError):
            await stuck


async def test_a_peer_that_vanishes_during_a_call_and_returns() -> None:
    async with RecordingReceiver() as receiver, CallbackClient(config(receiver)) as client:
        receiver.hang(times=1)
        call = asyncio.create_task(client.report_progress(event()))
        await receiver.wait_for_calls(1)
        await receiver.vanish()
        with pytest.raises((ConnectionLostError, CallRefusedError)):
            await call
        with pytest.raises(ReportError, match="no connection"):
            await client.report_progress(event())
        await receiver.reappear()
        await client.report_progress(event(2))
        assert [got.sequence_number for got in receiver.events] == [2]


async def test_an_event_that_cannot_be_encoded_is_our_fault_and_not_retried() -> None:
    async with RecordingReceiver() as receiver, CallbackClient(config(receiver)) as client:
        with pytest.raises(InvalidEventError, match="cannot be encoded"):
            await client.report_progress_with_retry(event(message="\ud800"))
        assert receiver.calls == 0
        await client.report_progress(event())


async def test_a_client_outside_its_block_says_so() -> None:
    async with RecordingReceiver() as receiver:
        client = CallbackClient(config(receiver))
        with pytest.raises(ClientClosedError, match="async with"):
            await client.report_progress(event())
        async with client:
            receiver.hang()
            call = asyncio.create_task(client.report_progress(event()))
            await receiver.wait_for_calls(1)
        with pytest.raises(ClientClosedError, match="closed before"):
            await call
        with pytest.raises(ClientClosedError, match="async with"):
            await client.report_progress(event())


async def test_failed_calls_leave_the_callers_own_timeout_intact() -> None:
    async with RecordingReceiver() as receiver, CallbackClient(config(receiver, call_timeout=0.05)) as client:
        receiver.hang()

        async def keep_failing() -> None:
            async with asyncio.timeout(0.12):
                while True:
                    with pytest.raises(NoAnswerError):
                        await client.report_progress(event())

        with pytest.raises(TimeoutError):
            await keep_failing()
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0


async def test_cancelling_the_caller_cancels_the_call() -> None:
    async with RecordingReceiver() as receiver, CallbackClient(config(receiver)) as client:
        receiver.hang(times=1)
        call = asyncio.create_task(client.report_progress(event()))
        await receiver.wait_for_calls(1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await client.report_progress(event())


async def test_the_null_client_accepts_everything() -> None:
    async with NullClient() as client:
        assert (await client.report_progress(event())).success
        assert (await client.report_progress_with_retry(event(), attempts=1)).success
