"""What a runner reports by `updateStatus`, merged into what is stored."""

from dataclasses import replace
from typing import Final

from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    ExecutionPhase,
    WorkflowExecutionStatus,
    WorkflowTask,
    WorkflowTaskStatus,
    WorkflowTaskType,
)

from stigmer_server.reduction.phases import is_terminal, may_follow
from stigmer_server.reduction.task_types import NO_TASK_TYPES, TaskTypes, type_of
from stigmer_server.refusals import Reason, Refused
from stigmer_server.timestamps import iso_text, moment_of

_TASK_ENDED: Final = frozenset(
    {
        WorkflowTaskStatus.WORKFLOW_TASK_COMPLETED,
        WorkflowTaskStatus.WORKFLOW_TASK_FAILED,
        WorkflowTaskStatus.WORKFLOW_TASK_SKIPPED,
    }
)
_UNTOLD: Final = (WorkflowTaskType.WORKFLOW_TASK_TYPE_UNSPECIFIED, WorkflowTaskType.WORKFLOW_TASK_CUSTOM)


def merge_report(
    stored: WorkflowExecutionStatus,
    reported: WorkflowExecutionStatus,
    types: TaskTypes = NO_TASK_TYPES,
    *,
    now_ms: int,
) -> WorkflowExecutionStatus:
    """The status after the report. Pure. Raises Refused (INVALID_TRANSITION) when its phase cannot follow.

    Tasks are merged by `task_id` (by name when they have none), never replaced as a list; a field that the report
    leaves empty keeps its value. A run that has ended changes no more: repeating its end is a success without effect.
    A runner that calls a task CUSTOM only says that it knows no more: `types` may.
    """
    phase = reported.phase or stored.phase
    if not may_follow(stored.phase, phase):
        raise Refused(
            Reason.INVALID_TRANSITION,
            f"an execution that is {stored.phase.name} cannot become {phase.name}",
            field="status.phase",
        )
    if is_terminal(stored.phase):
        return stored
    started = phase not in (ExecutionPhase.EXECUTION_PENDING, ExecutionPhase.EXECUTION_PHASE_UNSPECIFIED)
    return replace(
        stored,
        phase=phase,
        tasks=_merge_tasks(stored.tasks, [_typed(task, types) for task in reported.tasks]),
        output=reported.output if reported.output is not None else stored.output,
        # While it was pending the error told why it had not started yet.
        error=reported.error or (stored.error if stored.started_at or not started else ""),
        started_at=reported.started_at or stored.started_at or (iso_text(now_ms) if started else ""),
        completed_at=(reported.completed_at or iso_text(now_ms)) if is_terminal(phase) else stored.completed_at,
        temporal_workflow_id=reported.temporal_workflow_id or stored.temporal_workflow_id,
    )


def _merge_tasks(stored: list[WorkflowTask], reported: list[WorkflowTask]) -> list[WorkflowTask]:
    merged = {_key(task): task for task in stored}
    for task in reported:
        key = _key(task)
        before = merged.get(key)
        merged[key] = task if before is None else _merge_task(before, task)
    return list(merged.values())


def _typed(task: WorkflowTask, types: TaskTypes) -> WorkflowTask:
    known = type_of(types, task.task_id, task.task_name)
    return replace(task, task_type=known) if task.task_type in _UNTOLD and known not in _UNTOLD else task


def _key(task: WorkflowTask) -> str:
    return task.task_id or task.task_name


def _merge_task(before: WorkflowTask, told: WorkflowTask) -> WorkflowTask:
    again = _is_later(told.started_at, before.started_at)
    if before.status in _TASK_ENDED and told.status not in _TASK_ENDED and not again:
        return before
    if again and told.status not in _TASK_ENDED:
        return told
    return replace(
        before,
        task_name=told.task_name or before.task_name,
        task_type=told.task_type or before.task_type,
        input=told.input if told.input is not None else before.input,
        output=told.output if told.output is not None else before.output,
        status=told.status or before.status,
        started_at=told.started_at or before.started_at,
        completed_at=told.completed_at or before.completed_at,
        error=told.error or before.error,
        metadata=told.metadata if told.metadata is not None else before.metadata,
    )


def _is_later(told: str, before: str) -> bool:
    """Whether a run of a task began after another one. Runners write times in their own ways."""
    told_at, before_at = moment_of(told), moment_of(before)
    if told_at is None or before_at is None:
        return bool(told) and told > before
    return told_at > before_at
