"""Constructors of progress events."""

from __future__ import annotations

from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ErrorDetails, WorkflowProgressEvent
from stigmer_proto.google.protobuf import Struct

from stigmer_callback.clock import SYSTEM_CLOCK


def new_progress_event(
    workflow_execution_id: str,
    event_type: str,
    workflow_name: str,
    status: str,
    message: str,
    sequence_number: int,
    *,
    payload: Struct | None = None,
    timestamp_ms: int | None = None,
) -> WorkflowProgressEvent:
    """Return an event of the workflow as a whole, such as `workflow_started`.

    `event_type` and `status` are the contract's words, `sequence_number` counts from 1 without gaps (see
    `SequenceCounter`), `timestamp_ms` is in milliseconds since 1970 UTC and now when left out.
    """
    return WorkflowProgressEvent(
        workflow_execution_id=workflow_execution_id,
        event_type=event_type,
        workflow_name=workflow_name,
        status=status,
        message=message,
        timestamp_ms=SYSTEM_CLOCK.unix_ms() if timestamp_ms is None else timestamp_ms,
        payload=payload,
        sequence_number=_counted(sequence_number),
    )


def new_task_progress_event(
    workflow_execution_id: str,
    event_type: str,
    workflow_name: str,
    task_name: str,
    status: str,
    message: str,
    sequence_number: int,
    *,
    task_reference: str = "",
    attempt: int = 0,
    task_progress: int = 0,
    payload: Struct | None = None,
    timestamp_ms: int | None = None,
) -> WorkflowProgressEvent:
    """Return an event of one task, such as `task_completed`.

    `task_reference` is the task's JSON pointer in the document (`/do/2/fetch`), `attempt` counts from 1 (0: unknown),
    `task_progress` is in percent. The rest as in `new_progress_event`.
    """
    if not 0 <= task_progress <= 100:
        msg = f"task_progress is in percent, from 0 to 100, not {task_progress}"
        raise ValueError(msg)
    return WorkflowProgressEvent(
        workflow_execution_id=workflow_execution_id,
        event_type=event_type,
        workflow_name=workflow_name,
        task_name=task_name,
        status=status,
        message=message,
        timestamp_ms=SYSTEM_CLOCK.unix_ms() if timestamp_ms is None else timestamp_ms,
        payload=payload,
        sequence_number=_counted(sequence_number),
        task_progress=task_progress,
        task_reference=task_reference,
        attempt=attempt,
    )


def new_error_progress_event(
    workflow_execution_id: str,
    workflow_name: str,
    error_code: str,
    error_message: str,
    stack_trace: str,
    sequence_number: int,
    *,
    event_type: str = "workflow_failed",
    task_name: str = "",
    task_reference: str = "",
    attempt: int = 0,
    error_type: str = "",
    error_status: int = 0,
    error_instance: str = "",
    timestamp_ms: int | None = None,
) -> WorkflowProgressEvent:
    """Return the event of a failure, of the workflow by default or of a task (`event_type="task_failed"`).

    `error_code` is the contract's class of error (VALIDATION_ERROR, EXECUTION_ERROR, ...); `error_type`,
    `error_status` and `error_instance` are the DSL error's URI, HTTP status and JSON pointer.
    """
    return WorkflowProgressEvent(
        workflow_execution_id=workflow_execution_id,
        event_type=event_type,
        workflow_name=workflow_name,
        task_name=task_name,
        status="failed",
        message=error_message,
        timestamp_ms=SYSTEM_CLOCK.unix_ms() if timestamp_ms is None else timestamp_ms,
        error=ErrorDetails(
            code=error_code,
            message=error_message,
            stack_trace=stack_trace,
            type=error_type,
            status=error_status,
            instance=error_instance,
        ),
        sequence_number=_counted(sequence_number),
        task_reference=task_reference,
        attempt=attempt,
    )


def _counted(sequence_number: int) -> int:
    if sequence_number < 1:
        msg = f"sequence numbers count from 1, not {sequence_number}"
        raise ValueError(msg)
    return sequence_number
