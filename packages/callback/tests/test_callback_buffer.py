from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from stigmer_callback import new_progress_event
from stigmer_callback._buffer import BufferedEvent, EventBuffer
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowProgressEvent


def event(execution_id: str, number: int, event_type: str = "task_started") -> WorkflowProgressEvent:
    return new_progress_event(execution_id, event_type, "w", "running", "", number, timestamp_ms=1)


def end(execution_id: str, number: int) -> WorkflowProgressEvent:
    return event(execution_id, number, "workflow_completed")


def numbers(buffer: EventBuffer, execution_id: str) -> list[int]:
    found = []
    while (item := buffer.take(execution_id)) is not None:
        found.append(item.event.sequence_number)
        buffer.done(item)
    return found


def test_events_of_an_execution_leave_in_order() -> None:
    buffer = EventBuffer(max_events=10, max_bytes=1000)
    for number in (1, 2, 3):
        buffer.add(event("a", number), 1)
        buffer.add(event("b", number), 1)
    assert numbers(buffer, "a") == [1, 2, 3]
    assert numbers(buffer, "b") == [1, 2, 3]
    assert len(buffer) == 0
    assert buffer.size_bytes == 0


def test_a_full_buffer_drops_the_oldest_event_that_ends_nothing() -> None:
    buffer = EventBuffer(max_events=3, max_bytes=1000)
    buffer.add(end("a", 1), 1)
    buffer.add(event("b", 1), 1)
    buffer.add(event("b", 2), 1)
    assert buffer.add(event("c", 1), 1) == (event("b", 1),)
    assert buffer.add(end("c", 2), 1) == (event("b", 2),)
    assert buffer.add(end("d", 1), 1) == (event("c", 1),)
    assert numbers(buffer, "a") == [1]


def test_a_buffer_full_of_ends_takes_newer_ends_only() -> None:
    buffer = EventBuffer(max_events=2, max_bytes=1000)
    buffer.add(end("a", 1), 1)
    buffer.add(end("b", 1), 1)
    assert buffer.add(event("c", 1), 1) == (event("c", 1),)
    assert buffer.add(end("d", 1), 1) == (end("a", 1),)


def test_bytes_are_a_limit_too() -> None:
    buffer = EventBuffer(max_events=100, max_bytes=10)
    buffer.add(event("a", 1), 4)
    buffer.add(event("a", 2), 4)
    assert buffer.add(event("a", 3), 7) == (event("a", 1), event("a", 2))
    assert buffer.add(event("a", 4), 11) == (event("a", 4),), "what never fits costs no other event"
    assert numbers(buffer, "a") == [3]


def test_an_event_under_delivery_is_not_dropped() -> None:
    buffer = EventBuffer(max_events=1, max_bytes=10)
    buffer.add(event("a", 1), 1)
    item = buffer.take("a")
    assert item is not None
    assert buffer.add(end("a", 2), 1) == (end("a", 2),)
    buffer.put_back(item)
    assert buffer.add(end("a", 3), 1) == (event("a", 1),)


class BufferMachine(RuleBasedStateMachine):
    """Whatever happens: bounded, no event lost without being named, order kept in each execution."""

    @initialize(max_events=st.integers(1, 6), max_bytes=st.integers(1, 30))
    def start(self, max_events: int, max_bytes: int) -> None:
        self.limits = (max_events, max_bytes)
        self.buffer = EventBuffer(max_events=max_events, max_bytes=max_bytes)
        self.number = 0
        self.added: set[int] = set()
        self.gone: set[int] = set()
        self.ended: set[int] = set()
        self.taken: dict[str, BufferedEvent] = {}
        self.last: dict[str, int] = {}

    @rule(execution_id=st.sampled_from("abc"), size=st.integers(1, 12), ends=st.booleans())
    def add(self, execution_id: str, size: int, ends: bool) -> None:
        self.number += 1
        self.added.add(self.number)
        new = end(execution_id, self.number) if ends else event(execution_id, self.number)
        if ends:
            self.ended.add(self.number)
        dropped = [item.sequence_number for item in self.buffer.add(new, size)]
        if self.ended.intersection(dropped):
            held = {item.event.sequence_number for item in self.buffer.items()}
            passing = held - self.ended - {item.event.sequence_number for item in self.taken.values()}
            assert not passing or size > self.limits[1], "an end is dropped although another event could go"
        assert not self.gone.intersection(dropped)
        self.gone.update(dropped)

    @rule(execution_id=st.sampled_from("abc"))
    def take(self, execution_id: str) -> None:
        if execution_id in self.taken:
            return
        item = self.buffer.take(execution_id)
        if item is not None:
            assert item.event.sequence_number > self.last.get(execution_id, 0)
            self.taken[execution_id] = item

    @precondition(lambda self: self.taken)
    @rule(back=st.booleans(), data=st.data())
    def finish(self, back: bool, data: st.DataObject) -> None:
        execution_id = data.draw(st.sampled_from(sorted(self.taken)))
        item = self.taken.pop(execution_id)
        if back:
            self.buffer.put_back(item)
        else:
            self.buffer.done(item)
            self.last[execution_id] = item.event.sequence_number
            self.gone.add(item.event.sequence_number)

    @invariant()
    def nothing_is_lost_and_nothing_exceeds_the_limits(self) -> None:
        if not hasattr(self, "buffer"):
            return
        held = [item.event.sequence_number for item in self.buffer.items()]
        assert sorted(held) == sorted(self.added - self.gone)
        assert len(self.buffer) == len(held) <= self.limits[0]
        assert self.buffer.size_bytes == sum(item.size for item in self.buffer.items()) <= self.limits[1]


TestBufferMachine = BufferMachine.TestCase


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans()), max_size=40))
def test_the_survivors_are_the_newest(arrivals: list[tuple[str, bool]]) -> None:
    buffer = EventBuffer(max_events=5, max_bytes=1000)
    for number, (execution_id, ends) in enumerate(arrivals, start=1):
        buffer.add(end(execution_id, number) if ends else event(execution_id, number), 1)
    ends_kept = {number for number, (_, ends) in enumerate(arrivals, start=1) if ends}
    held = {item.event.sequence_number for item in buffer.items()}
    assert set(sorted(ends_kept)[-5:]) <= held
    passing = sorted(held - ends_kept)
    others = [number for number in range(1, len(arrivals) + 1) if number not in ends_kept]
    assert passing == others[len(others) - len(passing) :]
