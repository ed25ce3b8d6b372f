from __future__ import annotations

import time

import pytest
from stigmer_callback import (
    SequenceCounter,
    new_error_progress_event,
    new_progress_event,
    new_task_progress_event,
)
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ErrorDetails, WorkflowProgressEvent


def test_progress_event_takes_the_arguments_of_the_contract_in_order() -> None:
    event = new_progress_event("e", "workflow_started", "flow", "running", "Started", 1, timestamp_ms=5)
    assert event == WorkflowProgressEvent(
        workflow_execution_id="e",
        event_type="workflow_started",
        workflow_name="flow",
        status="running",
        message="Started",
        sequence_number=1,
        timestamp_ms=5,
    )


def test_task_event_names_the_task() -> None:
    event = new_task_progress_event("e", "task_started", "flow", "fetch", "running", "Fetching", 2, timestamp_ms=5)
    assert event == WorkflowProgressEvent(
        workflow_execution_id="e",
        event_type="task_started",
        workflow_name="flow",
        task_name="fetch",
        status="running",
        message="Fetching",
        sequence_number=2,
        timestamp_ms=5,
    )


def test_error_event_fails_the_workflow_by_default() -> None:
    event = new_error_progress_event("e", "flow", "VALIDATION_ERROR", "Invalid", "trace", 5, timestamp_ms=5)
    assert event == WorkflowProgressEvent(
        workflow_execution_id="e",
        event_type="workflow_failed",
        workflow_name="flow",
        status="failed",
        message="Invalid",
        sequence_number=5,
        timestamp_ms=5,
        error=ErrorDetails(code="VALIDATION_ERROR", message="Invalid", stack_trace="trace"),
    )


def test_time_is_now_in_milliseconds() -> None:
    before = time.time_ns() // 1_000_000
    event = new_progress_event("e", "workflow_started", "flow", "running", "", 1)
    assert before <= event.timestamp_ms <= time.time_ns() // 1_000_000


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="count from 1"):
        new_progress_event("e", "workflow_started", "flow", "running", "", 0)
    with pytest.raises(ValueError, match="percent"):
        new_task_progress_event("e", "task_started", "flow", "t", "running", "", 1, task_progress=101)
    with pytest.raises(ValueError, match="0 or more"):
        SequenceCounter(last=-1)


def test_counter_has_no_gaps_and_continues() -> None:
    counter = SequenceCounter()
    assert [counter.next() for _ in range(3)] == [1, 2, 3]
    assert SequenceCounter(last=counter.last).next() == 4
