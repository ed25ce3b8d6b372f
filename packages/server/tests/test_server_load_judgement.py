"""What `scripts/load` finds wrong with streams that are."""

import pytest

from scripts.load.judgement import EventsSeen, SnapshotsSeen
from scripts.load.run_events import events_of_run

EVENTS = events_of_run(2)
DONE, STARTED = 3, 2
PENDING, RUNNING, COMPLETED = 1, 2, 3
Snapshot = tuple[int, list[tuple[str, int]]]


def events_judged(sequences: list[int]) -> list[str]:
    seen = EventsSeen("wex-1", EVENTS)
    for sequence in sequences:
        event = EVENTS[min(sequence, len(EVENTS)) - 1]
        seen.saw(sequence, event.kind, event.reference)
    seen.ended()
    return seen.wrong


def test_a_run_has_three_events_then_two_for_a_task_then_one() -> None:
    kinds = [event.kind for event in EVENTS]
    assert kinds[3:-1] == ["task_started", "task_completed"] * 2
    assert [event.sequence for event in EVENTS] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_every_event_once_and_in_order_is_right() -> None:
    assert events_judged([1, 2, 3, 4, 5, 6, 7, 8]) == []


@pytest.mark.parametrize(
    "sequences",
    [
        pytest.param([1, 2, 4, 5, 6, 7, 8], id="lost"),
        pytest.param([1, 2, 2, 3, 4, 5, 6, 7, 8], id="repeated"),
        pytest.param([1, 3, 2, 4, 5, 6, 7, 8], id="out of order"),
        pytest.param([1, 2, 3, 4, 5, 6, 7], id="ended early"),
        pytest.param([1, 2, 3, 4, 5, 6, 7, 8, 9], id="one too many"),
        pytest.param([], id="nothing"),
    ],
)
def test_events_that_are_wrong_are_found(sequences: list[int]) -> None:
    assert events_judged(sequences)


def test_an_event_that_is_another_one_is_found() -> None:
    seen = EventsSeen("wex-1", EVENTS)
    seen.saw(1, "workflow_completed", "")
    assert seen.wrong == ["wex-1: event 1 is workflow_completed , not workflow_started "]


BEGINNING: Snapshot = (PENDING, [])
MIDDLE: Snapshot = (RUNNING, [("t0", DONE), ("t1", STARTED)])
END: Snapshot = (COMPLETED, [("t0", DONE), ("t1", DONE)])


def snapshots_judged(snapshots: list[Snapshot]) -> list[str]:
    seen = SnapshotsSeen("wex-1", ["t0", "t1"])
    for phase, tasks in snapshots:
        seen.saw(phase, tasks)
    seen.ended()
    return seen.wrong


def test_snapshots_that_go_forward_are_right() -> None:
    assert snapshots_judged([BEGINNING, MIDDLE, MIDDLE, END]) == []


@pytest.mark.parametrize(
    "snapshots",
    [
        pytest.param([BEGINNING, MIDDLE, BEGINNING, END], id="back to the beginning"),
        pytest.param([MIDDLE, (RUNNING, [("t0", DONE)]), END], id="a task less"),
        pytest.param([BEGINNING, MIDDLE], id="no end"),
        pytest.param([BEGINNING, END, END], id="something behind the end"),
        pytest.param([(RUNNING, [("t1", DONE)]), END], id="tasks out of order"),
        pytest.param([(COMPLETED, [("t0", DONE), ("t1", STARTED)])], id="a task that never ended"),
    ],
)
def test_snapshots_that_are_wrong_are_found(snapshots: list[Snapshot]) -> None:
    assert snapshots_judged(snapshots)


def test_a_new_stream_may_begin_with_the_end_once_more() -> None:
    seen = SnapshotsSeen("wex-1", ["t0", "t1"])
    seen.saw(*END)
    seen.reconnected()
    seen.saw(*END)
    seen.ended()
    assert seen.wrong == []
