"""A snapshot as the contract's `WorkflowExecutionStatus`: what the activity returns."""

from datetime import UTC, datetime
from typing import Final

from stigmer_dsl import JsonValue
from stigmer_engine import Snapshot, Status, TaskSnapshot
from stigmer_engine.runtimes.temporal import workflow_id
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    ExecutionPhase,
    WorkflowExecutionStatus,
    WorkflowTask,
    WorkflowTaskStatus,
    WorkflowTaskType,
)
from stigmer_proto.google.protobuf import Struct
from stigmer_proto_json import struct_from_json

from stigmer_runner.messages import payload_struct

_PHASE: Final = {
    Status.PENDING: ExecutionPhase.EXECUTION_PENDING,
    Status.RUNNING: ExecutionPhase.EXECUTION_IN_PROGRESS,
    Status.PAUSED: ExecutionPhase.EXECUTION_PAUSED,
    Status.COMPLETED: ExecutionPhase.EXECUTION_COMPLETED,
    Status.FAILED: ExecutionPhase.EXECUTION_FAILED,
    Status.CANCELLED: ExecutionPhase.EXECUTION_CANCELLED,
}
_TASK: Final = {
    Status.PENDING: WorkflowTaskStatus.WORKFLOW_TASK_PENDING,
    Status.RUNNING: WorkflowTaskStatus.WORKFLOW_TASK_IN_PROGRESS,
    Status.PAUSED: WorkflowTaskStatus.WORKFLOW_TASK_IN_PROGRESS,
    Status.COMPLETED: WorkflowTaskStatus.WORKFLOW_TASK_COMPLETED,
    Status.FAILED: WorkflowTaskStatus.WORKFLOW_TASK_FAILED,
    Status.CANCELLED: WorkflowTaskStatus.WORKFLOW_TASK_FAILED,
}


def status_message(snapshot: Snapshot, *, values: bool = True) -> WorkflowExecutionStatus:
    """The message. A value that is no object stands under the key `value`. Times are ISO 8601 in UTC.

    Args:
        values: whether the tasks have their inputs and outputs.
    """
    return WorkflowExecutionStatus(
        phase=_PHASE[snapshot.status],
        tasks=[_task(task, values=values) for task in snapshot.tasks.values()],
        output=_struct(snapshot.output) if snapshot.status is Status.COMPLETED else None,
        error=_error(snapshot),
        started_at=_iso(snapshot.started_at_ms),
        completed_at=_iso(snapshot.completed_at_ms),
        temporal_workflow_id=workflow_id(snapshot.execution_id),
    )


def _task(task: TaskSnapshot, *, values: bool) -> WorkflowTask:
    cancelled = "cancelled" if task.status is Status.CANCELLED else ""
    return WorkflowTask(
        task_id=task.reference,
        task_name=task.name,
        # What a task is for, such as an approval, no document says.
        task_type=WorkflowTaskType.WORKFLOW_TASK_CUSTOM,
        input=_struct(task.input) if values else None,
        output=_struct(task.output) if values else None,
        status=WorkflowTaskStatus.WORKFLOW_TASK_SKIPPED if task.skipped else _TASK[task.status],
        started_at=_iso(task.started_at_ms),
        completed_at=_iso(task.completed_at_ms),
        error=task.error.message if task.error else cancelled,
        metadata=struct_from_json({"attempt": task.attempt, "runs": task.runs}),
    )


def _error(snapshot: Snapshot) -> str:
    if snapshot.status is not Status.FAILED:
        return ""
    return (snapshot.error.message if snapshot.error else "") or snapshot.message


def _struct(value: JsonValue) -> Struct | None:
    if value is None:
        return None
    return payload_struct(value if isinstance(value, dict) else {"value": value})


def _iso(milliseconds: int) -> str:
    if not milliseconds:
        return ""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
