"""What the status URL shows of an execution (contract, section 3, and more)."""

from typing import Final

from stigmer_dsl.json_types import JsonObject
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    ExecutionPhase,
    WorkflowExecution,
    WorkflowTask,
    WorkflowTaskStatus,
)
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowProgressEvent
from stigmer_proto.google.protobuf import Struct
from stigmer_proto_json import json_from_struct

from stigmer_server.executions.children import PARENT_LABEL
from stigmer_server.executions.run_input import input_of, trigger_of
from stigmer_server.http_port.event_json import error_json
from stigmer_server.store.executions import StoredExecution
from stigmer_server.timestamps import iso_text

_STATUS: Final = {
    ExecutionPhase.EXECUTION_IN_PROGRESS: "running",
    ExecutionPhase.EXECUTION_COMPLETED: "completed",
    ExecutionPhase.EXECUTION_FAILED: "failed",
    ExecutionPhase.EXECUTION_CANCELLED: "cancelled",
    ExecutionPhase.EXECUTION_PAUSED: "paused",
}
_TASK_STATUS: Final = {
    WorkflowTaskStatus.WORKFLOW_TASK_IN_PROGRESS: "running",
    WorkflowTaskStatus.WORKFLOW_TASK_COMPLETED: "completed",
    WorkflowTaskStatus.WORKFLOW_TASK_FAILED: "failed",
    WorkflowTaskStatus.WORKFLOW_TASK_SKIPPED: "skipped",
}
_ENDED: Final = frozenset({"completed", "failed", "skipped"})
_ALMOST: Final = 99
_TOP_LEVEL: Final = 3
"""Slashes in `/do/0/name`; a slash inside a name is written `~1`."""


def status_view(stored: StoredExecution, *, last: WorkflowProgressEvent | None, top_level_tasks: int) -> JsonObject:
    """The JSON of the status URL; times are ISO 8601 in UTC, null when not yet.

    `last` is the last event of the log. `top_level_tasks` is 0 when the workflow is no more.
    """
    execution, status = stored.execution, stored.status
    tasks = [_task(task) for task in status.tasks]
    return {
        "execution_id": stored.id,
        "parent_execution_id": _parent(execution),
        "workflow_id": execution.spec.workflow_id if execution.spec else "",
        "workflow_name": execution.metadata.name if execution.metadata else "",
        "status": status_name(stored.phase),
        "phase": stored.phase.name,
        "progress": _progress(stored.phase, tasks, top_level_tasks),
        "message": status.error or (last.message if last else "") or ("waiting for a runner" if not tasks else ""),
        "created_at": _created(execution),
        "started_at": status.started_at or None,
        "updated_at": iso_text(last.timestamp_ms) if last else _updated(execution),
        "completed_at": status.completed_at or None,
        "sequence_number": stored.last_sequence,
        "revision": stored.revision,
        "input": _input(execution),
        "output": _unwrapped(status.output),
        "error": _error(stored, last),
        "tasks": tasks,
        "tags": list(execution.metadata.tags) if execution.metadata else [],
        "runner_id": stored.runner_id,
    }


def status_name(phase: ExecutionPhase) -> str:
    """The contract's status value of a phase."""
    return _STATUS.get(phase, "pending")


def _task(task: WorkflowTask) -> JsonObject:
    metadata = json_from_struct(task.metadata)
    return {
        "task_name": task.task_name,
        "task_reference": task.task_id,
        "status": _TASK_STATUS.get(task.status, "pending"),
        "started_at": task.started_at or None,
        "completed_at": task.completed_at or None,
        "attempt": metadata.get("attempt", 1),
        "runs": metadata.get("runs", 1),
        "input": _unwrapped(task.input),
        "output": _unwrapped(task.output),
        "error": task.error or None,
    }


def _unwrapped(struct: Struct | None) -> object:
    """A value that is not an object stands under the key `value` in the contract."""
    if struct is None:
        return None
    value = json_from_struct(struct)
    return value["value"] if set(value) == {"value"} else value


def _progress(phase: ExecutionPhase, tasks: list[JsonObject], top_level_tasks: int) -> int:
    """0 to 100: the share of top-level tasks that have ended; 100 only for a completed run."""
    if phase == ExecutionPhase.EXECUTION_COMPLETED:
        return 100
    ended = sum(str(task["task_reference"]).count("/") == _TOP_LEVEL and task["status"] in _ENDED for task in tasks)
    return min(_ALMOST, 100 * ended // max(top_level_tasks, len(tasks) if not top_level_tasks else 0, 1))


def _error(stored: StoredExecution, last: WorkflowProgressEvent | None) -> JsonObject | None:
    if stored.phase != ExecutionPhase.EXECUTION_FAILED:
        return None
    told = error_json(last.error) if last is not None else None
    plain = {"code": "", "message": stored.status.error, "stack_trace": "", "type": "", "status": 0, "instance": ""}
    return told or plain


def _input(execution: WorkflowExecution) -> object:
    given = input_of(execution)
    return given if given is not None else trigger_of(execution) or None


def _parent(execution: WorkflowExecution) -> str | None:
    """The execution that runs this one as a sub-workflow."""
    return execution.metadata.labels.get(PARENT_LABEL) if execution.metadata else None


def _created(execution: WorkflowExecution) -> str | None:
    return _audit_time(execution, "created_at")


def _updated(execution: WorkflowExecution) -> str | None:
    return _audit_time(execution, "updated_at") or _audit_time(execution, "created_at")


def _audit_time(execution: WorkflowExecution, field: str) -> str | None:
    audit = execution.status.audit if execution.status else None
    info = (audit.status_audit or audit.spec_audit) if audit else None
    at = getattr(info, field) if info else None
    return iso_text(round(at.timestamp() * 1000)) if at is not None else None
