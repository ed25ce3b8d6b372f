"""The status of an execution from the events of its run."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    WorkflowExecutionStatus,
    WorkflowTask,
    WorkflowTaskStatus,
)
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowProgressEvent
from stigmer_proto.google.protobuf import Struct
from stigmer_proto_json import struct_from_json

from stigmer_server.reduction.phases import is_terminal, phase_after
from stigmer_server.reduction.task_types import NO_TASK_TYPES, TaskTypes, type_of
from stigmer_server.timestamps import iso_text

_TASK_STATUS: Final = {
    "task_started": WorkflowTaskStatus.WORKFLOW_TASK_IN_PROGRESS,
    "task_completed": WorkflowTaskStatus.WORKFLOW_TASK_COMPLETED,
    "task_failed": WorkflowTaskStatus.WORKFLOW_TASK_FAILED,
    "task_retry": WorkflowTaskStatus.WORKFLOW_TASK_PENDING,
    "task_skipped": WorkflowTaskStatus.WORKFLOW_TASK_SKIPPED,
}


def reduce(
    status: WorkflowExecutionStatus, events: Iterable[WorkflowProgressEvent], types: TaskTypes = NO_TASK_TYPES
) -> WorkflowExecutionStatus:
    """The status after `events`, which are in order and each seen once. Pure; events after the end change nothing.

    A task that runs again (a loop, a retry) keeps its place in the list and shows its newest run. Fold many events in
    one call: the list of tasks is copied once a call.
    """
    tasks = {task.task_id: task for task in status.tasks}
    for event in events:
        if is_terminal(status.phase):
            break
        key = event.task_reference or event.task_name
        if key:
            tasks[key] = _task_after(tasks.get(key), event, key, types)
        status = _status_after(status, event)
    return replace(status, tasks=list(tasks.values()))


def _status_after(status: WorkflowExecutionStatus, event: WorkflowProgressEvent) -> WorkflowExecutionStatus:
    phase = phase_after(status.phase, event)
    started_at = status.started_at or iso_text(event.timestamp_ms)
    # While it was pending the error told why it had not started yet.
    after = replace(status, phase=phase, started_at=started_at, error="")
    if not is_terminal(phase):
        return after
    return replace(
        after,
        completed_at=iso_text(event.timestamp_ms),
        output=_part(event, "output") if event.event_type == "workflow_completed" else None,
        error=_error(event) if event.event_type == "workflow_failed" else "",
    )


def _task_after(task: WorkflowTask | None, event: WorkflowProgressEvent, key: str, types: TaskTypes) -> WorkflowTask:
    started = event.event_type == "task_started"
    if task is None or started:
        runs = _count(task, "runs") + (event.attempt <= 1 or task is None)
        task = WorkflowTask(
            task_id=key,
            task_name=event.task_name,
            task_type=type_of(types, event.task_reference, event.task_name),
            status=WorkflowTaskStatus.WORKFLOW_TASK_IN_PROGRESS,
            started_at=iso_text(event.timestamp_ms),
            input=_part(event, "input"),
            metadata=_metadata(event, runs),
        )
        if started:
            return task
    told = _TASK_STATUS.get(event.event_type)
    if told is None:
        return task
    if told is WorkflowTaskStatus.WORKFLOW_TASK_PENDING:
        return replace(task, status=told, error=_error(event), metadata=_metadata(event, _count(task, "runs")))
    return replace(
        task,
        status=told,
        completed_at=iso_text(event.timestamp_ms),
        output=_part(event, "output"),
        error=_task_error(event),
    )


def _task_error(event: WorkflowProgressEvent) -> str:
    if event.event_type != "task_failed":
        return ""
    return "cancelled" if event.status == "cancelled" and event.error is None else _error(event)


def _error(event: WorkflowProgressEvent) -> str:
    return (event.error.message if event.error is not None else "") or event.message or event.event_type


def _part(event: WorkflowProgressEvent, key: str) -> Struct | None:
    """The input or output in a payload; one that is not an object stands under the key `value`."""
    value = event.payload.fields.get(key) if event.payload is not None else None
    if value is None:
        return None
    return value.struct_value if value.struct_value is not None else Struct(fields={"value": value})


def _metadata(event: WorkflowProgressEvent, runs: int) -> Struct:
    return struct_from_json({"attempt": max(event.attempt, 1), "runs": runs})


def _count(task: WorkflowTask | None, key: str) -> int:
    value = task.metadata.fields.get(key) if task is not None and task.metadata is not None else None
    return int(value.number_value or 0) if value is not None else 0
