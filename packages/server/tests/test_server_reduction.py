"""The reducer, the merge of reports, and the log: properties."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    ExecutionPhase,
    WorkflowExecution,
    WorkflowExecutionSpec,
    WorkflowExecutionStatus,
    WorkflowTask,
    WorkflowTaskStatus,
)
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ErrorDetails, WorkflowProgressEvent
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceMetadata
from stigmer_proto_json import payload_from_json, struct_from_json
from stigmer_server.executions.own_events import cancelled_event
from stigmer_server.reduction import TERMINAL_PHASES, merge_report, reduce
from stigmer_server.refusals import Refused
from stigmer_server.store.event_log import Verdict, append_event, append_own_event, events_after
from stigmer_server.store.executions import insert_execution, read_execution
from stigmer_server.store.tables import metadata
from stigmer_server.store.transaction import Transaction

ID = "wex-1"
PHASES = list(ExecutionPhase)
NEW = WorkflowExecutionStatus(phase=ExecutionPhase.EXECUTION_PENDING)


def progress(kind: str, status: str, name: str, attempt: int) -> WorkflowProgressEvent:
    return WorkflowProgressEvent(
        workflow_execution_id=ID,
        event_type=kind,
        status=status,
        task_name=name,
        task_reference=f"/do/{name}" if name else "",
        attempt=attempt,
        timestamp_ms=1_000 + attempt,
        payload=struct_from_json({"input": {"x": attempt}, "output": [attempt]}),
        error=ErrorDetails(message="wrong") if status == "failed" else None,
    )


def told(kind_and_status: tuple[str, str], name: str, attempt: int) -> WorkflowProgressEvent:
    kind, status = kind_and_status
    return progress(kind, status, name, attempt)


def numbered(events: list[WorkflowProgressEvent]) -> list[WorkflowProgressEvent]:
    return [replace(event, sequence_number=number) for number, event in enumerate(events, 1)]


WORKFLOW = st.sampled_from(
    [
        ("workflow_started", "running"),
        ("workflow_paused", "paused"),
        ("workflow_resumed", "running"),
        ("workflow_validated", "pending"),
        ("workflow_failed", "failed"),
        ("workflow_completed", "completed"),
        ("workflow_cancelled", "cancelled"),
        ("unheard_of", "unheard-of"),
    ]
)
TASK = st.sampled_from(
    [
        ("task_started", "running"),
        ("task_completed", "completed"),
        ("task_failed", "failed"),
        ("task_failed", "cancelled"),
        ("task_retry", "pending"),
        ("task_skipped", "completed"),
        ("unheard_of", "running"),
    ]
)
EVENTS = st.lists(
    st.one_of(
        st.builds(told, WORKFLOW, st.just(""), st.just(0)),
        st.builds(told, TASK, st.sampled_from("abcd"), st.integers(1, 3)),
    ),
    max_size=30,
).map(numbered)


@given(EVENTS, st.integers(0, 30))
def test_where_a_log_is_cut_makes_no_difference(events: list[WorkflowProgressEvent], cut: int) -> None:
    whole = reduce(NEW, events)
    assert reduce(reduce(NEW, events[:cut]), events[cut:]) == whole
    assert WorkflowExecutionStatus.parse(bytes(whole)) == whole
    assert bytes(NEW) == b"\x08\x01"


@given(EVENTS)
def test_nothing_follows_the_end(events: list[WorkflowProgressEvent]) -> None:
    status = NEW
    for event in events:
        after = reduce(status, [event])
        if status.phase in TERMINAL_PHASES:
            assert after == status
        else:
            assert (after.completed_at != "") == (after.phase in TERMINAL_PHASES)
        assert len(after.tasks) >= len(status.tasks)
        assert [task.task_id for task in after.tasks[: len(status.tasks)]] == [task.task_id for task in status.tasks]
        status = after


def test_a_task_that_runs_again_keeps_its_place() -> None:
    events = [
        progress("task_started", "running", "a", 1),
        progress("task_completed", "completed", "a", 1),
        progress("task_started", "running", "b", 1),
        progress("task_started", "running", "a", 1),
        progress("task_retry", "pending", "a", 2),
        progress("task_started", "running", "a", 2),
    ]
    status = reduce(NEW, numbered(events))
    assert [(task.task_name, task.status) for task in status.tasks] == [
        ("a", WorkflowTaskStatus.WORKFLOW_TASK_IN_PROGRESS),
        ("b", WorkflowTaskStatus.WORKFLOW_TASK_IN_PROGRESS),
    ]
    metadata_ = status.tasks[0].metadata
    assert metadata_ == struct_from_json({"attempt": 2, "runs": 2})
    assert status.tasks[0].output is None
    assert status.phase == ExecutionPhase.EXECUTION_IN_PROGRESS


@contextmanager
def a_log() -> Iterator[Transaction]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        metadata.create_all(connection)
        transaction = Transaction(connection)
        execution = WorkflowExecution(
            metadata=ApiResourceMetadata(id=ID), spec=WorkflowExecutionSpec(workflow_id="wfl-1"), status=replace(NEW)
        )
        insert_execution(transaction, execution, workflow_id="wfl-1", created_at=1)
        yield transaction
    engine.dispose()


def until_the_end(events: list[WorkflowProgressEvent]) -> list[WorkflowProgressEvent]:
    for number in range(1, len(events) + 1):
        if reduce(NEW, events[:number]).phase in TERMINAL_PHASES:
            return events[:number]
    return events


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.data())
def test_any_order_with_repeats_gives_the_same_log(events: list[WorkflowProgressEvent], data: st.DataObject) -> None:
    events = until_the_end(events)
    # Each event once in any order; those that were ahead of a gap came before what was missing.
    order = data.draw(st.permutations(events))
    with a_log() as transaction:
        for event in order:
            verdict = append_event(transaction, event).verdict
            assert verdict in (Verdict.STORED, Verdict.AHEAD)
            stored = read_execution(transaction.connection, ID)
            assert stored is not None
            assert stored.status == reduce(NEW, events[: stored.last_sequence])
        assert list(events_after(transaction.connection, ID, 0)) == events
        for event in data.draw(st.lists(st.sampled_from(events), max_size=5)) if events else []:
            assert append_event(transaction, event).verdict is Verdict.REPEATED
        assert list(events_after(transaction.connection, ID, 0)) == events


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.sets(st.integers(1, 30)))
def test_lost_events_do_not_stop_the_log(events: list[WorkflowProgressEvent], lost: set[int]) -> None:
    events = until_the_end(events)
    kept = [event for event in events if event.sequence_number not in lost]
    with a_log() as transaction:
        for event in kept:
            answer = append_event(transaction, event)
            if answer.verdict is Verdict.AHEAD:
                answer = append_event(transaction, event)  # as a sender does that has nothing for the gap
            assert answer.verdict is Verdict.STORED
        assert list(events_after(transaction.connection, ID, 0)) == kept
        for event in events:
            if event.sequence_number in lost:
                last = kept[-1].sequence_number if kept else 0
                if event.sequence_number < last:
                    assert append_event(transaction, event).verdict is Verdict.TOO_LATE


def test_the_servers_own_event_comes_behind_everything() -> None:
    with a_log() as transaction:
        append_event(transaction, replace(progress("workflow_started", "running", "", 0), sequence_number=1))
        append_event(transaction, replace(progress("task_started", "running", "a", 1), sequence_number=5))
        assert append_own_event(transaction, cancelled_event(ID, "stop"))
        events = events_after(transaction.connection, ID, 0)
        assert [event.sequence_number for event in events] == [1, 5, 6]
        stored = read_execution(transaction.connection, ID)
        assert stored is not None
        assert stored.phase == ExecutionPhase.EXECUTION_CANCELLED
        assert not append_own_event(transaction, cancelled_event(ID, "again"))
        late = replace(progress("task_started", "running", "b", 1), sequence_number=2)
        assert append_event(transaction, late).verdict is Verdict.TOO_LATE


TASKS = st.builds(
    WorkflowTask,
    task_id=st.sampled_from(["/do/0/a", "/do/1/b", "/do/2/c"]),
    status=st.sampled_from(list(WorkflowTaskStatus)),
    output=st.sampled_from([None, payload_from_json(1)]),
)
STATUSES = st.builds(
    WorkflowExecutionStatus,
    phase=st.sampled_from(PHASES),
    tasks=st.lists(TASKS, max_size=3),
    error=st.sampled_from(["", "e"]),
)


@given(st.lists(STATUSES, max_size=8))
def test_reports_lose_no_task_and_leave_no_end(reports: list[WorkflowExecutionStatus]) -> None:
    status = NEW
    for report in reports:
        try:
            after = merge_report(status, report, now_ms=1_000)
        except Refused:
            assert report.phase not in (status.phase, ExecutionPhase.EXECUTION_PHASE_UNSPECIFIED)
            continue
        if status.phase in TERMINAL_PHASES:
            assert after == status
        assert {task.task_id for task in after.tasks} >= {task.task_id for task in status.tasks}
        assert merge_report(after, report, now_ms=2_000) == after
        status = after


@pytest.mark.parametrize("ended", sorted(TERMINAL_PHASES))
def test_a_late_running_never_overwrites_the_end(ended: ExecutionPhase) -> None:
    stored = WorkflowExecutionStatus(phase=ended, completed_at="then")
    late = WorkflowExecutionStatus(phase=ExecutionPhase.EXECUTION_IN_PROGRESS)
    with pytest.raises(Refused, match="cannot become EXECUTION_IN_PROGRESS"):
        merge_report(stored, late, now_ms=1)
    running = WorkflowProgressEvent(event_type="workflow_started", status="running", sequence_number=9)
    assert reduce(stored, [running]) == stored
