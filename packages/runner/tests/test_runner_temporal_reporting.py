"""Events from a worker to the Stigmer service: in order, soon given up, never in the way of a run."""

from typing import Any

from stigmer_callback import Backoff, CallbackClient, CallbackConfig, Secret
from stigmer_callback.testing import RecordingReceiver
from stigmer_engine import EventType, ProgressEvent, Status
from stigmer_runner.durable.reporting import EventReporting
from structlog.testing import capture_logs

KEY = "sk-reporting-1"
QUICK = Backoff(initial_seconds=0.01, maximum_seconds=0.02)


def event(number: int, execution_id: str = "wex-1") -> ProgressEvent:
    return ProgressEvent(
        workflow_execution_id=execution_id,
        event_type=EventType.TASK_COMPLETED,
        workflow_name="sample",
        task_name=f"task-{number}",
        task_reference=f"/do/{number}",
        status=Status.COMPLETED,
        message="done",
        timestamp_ms=1,
        sequence_number=number,
    )


def client(endpoint: str, *, key: str = KEY) -> CallbackClient:
    config = CallbackConfig(endpoint=endpoint, api_key=Secret(key), call_timeout_seconds=0.5)
    return CallbackClient(config, backoff=QUICK)


class Counted:
    """A client that counts the calls that are made by it."""

    def __init__(self, inner: CallbackClient) -> None:
        self.inner = inner
        self.calls = 0

    async def report_progress(self, message: Any) -> Any:
        self.calls += 1
        return await self.inner.report_progress(message)

    async def report_progress_with_retry(self, message: Any, attempts: int = 3) -> Any:
        self.calls += 1
        return await self.inner.report_progress_with_retry(message, attempts)


class Lines:
    """Keeps what is written down."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def write(self, event: ProgressEvent) -> None:
        self.numbers.append(event.sequence_number)


async def test_a_batch_arrives_in_order_and_tells_how_far_it_got() -> None:
    async with RecordingReceiver(api_key=KEY) as receiver, client(receiver.endpoint) as callback:
        reporting = EventReporting(callback, Lines())
        assert await reporting.deliver([event(1), event(2)], last=False) == 2
        assert await reporting.deliver([event(3)], last=True) == 3
        assert [found.sequence_number for found in receiver.events_of("wex-1")] == [1, 2, 3]


async def test_a_dead_receiver_is_left_alone_and_tried_once_more_at_the_end() -> None:
    async with client("127.0.0.1:1") as callback:
        counted, lines = Counted(callback), Lines()
        reporting = EventReporting(counted, lines)
        with capture_logs() as logs:
            assert await reporting.deliver([event(1)], last=False) == 0
        assert [(entry["log_level"], entry["execution_id"], entry["event"]) for entry in logs] == [
            ("warning", "wex-1", "events could not be reported yet; they come again")
        ]
        assert counted.calls == 1
        # The process knows now, whichever execution asks.
        for number in range(20):
            assert await reporting.deliver([event(1, f"other-{number}")], last=False) == 0
        assert counted.calls == 1
        with capture_logs() as logs:
            assert await reporting.deliver([event(1), event(2), event(3)], last=True) == 0
        assert [(entry["event"], entry["sequence_number"]) for entry in logs] == [
            ("the last events could not be reported", 1)
        ]
        assert counted.calls == 2
    assert [number for number in lines.numbers if number > 1] == [2, 3]
    assert lines.numbers.count(1) == 21


async def test_a_receiver_that_does_not_answer_costs_one_call() -> None:
    async with RecordingReceiver(api_key=KEY) as receiver, client(receiver.endpoint) as callback:
        receiver.hang()
        counted = Counted(callback)
        reporting = EventReporting(counted, Lines())
        assert await reporting.deliver([event(1), event(2)], last=False) == 0
        assert await reporting.deliver([event(1), event(2)], last=False) == 0
        assert counted.calls == 1


async def test_an_event_that_is_refused_for_good_does_not_hold_up_the_others() -> None:
    async with RecordingReceiver(api_key=KEY) as receiver, client(receiver.endpoint) as callback:
        receiver.reject()
        reporting = EventReporting(callback, Lines())
        assert await reporting.deliver([event(1)], last=False) == 1


async def test_a_wrong_key_is_no_reason_to_give_events_up() -> None:
    async with RecordingReceiver(api_key=KEY) as receiver, client(receiver.endpoint, key="wrong") as callback:
        reporting = EventReporting(callback, Lines())
        assert await reporting.deliver([event(1)], last=False) == 0
