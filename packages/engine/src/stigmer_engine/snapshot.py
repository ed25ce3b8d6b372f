"""A run's present state, computed from its events by a pure reducer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from stigmer_dsl.json_types import JsonValue

from stigmer_engine.events import EventError, EventType, ProgressEvent, Status

_ENDED = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})
_NO_TASKS: Mapping[str, "TaskSnapshot"] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSnapshot:
    """The latest state of the task at one place in the document (a loop's body keeps its newest iteration)."""

    name: str
    reference: str
    status: Status
    started_at_ms: int = 0
    completed_at_ms: int = 0
    attempt: int = 1
    runs: int = 1
    input: JsonValue = None
    output: JsonValue = None
    error: EventError | None = None
    skipped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """State of one execution after `sequence_number` events. Times are Unix milliseconds, 0 when not yet."""

    execution_id: str = ""
    workflow_name: str = ""
    status: Status = Status.PENDING
    message: str = ""
    sequence_number: int = 0
    started_at_ms: int = 0
    updated_at_ms: int = 0
    completed_at_ms: int = 0
    output: JsonValue = None
    error: EventError | None = None
    tasks: Mapping[str, TaskSnapshot] = field(default_factory=lambda: _NO_TASKS)


def reduce(snapshot: Snapshot, events: Iterable[ProgressEvent]) -> Snapshot:
    """The state after `events`. Pure; an event seen before, or after the end, changes nothing.

    The task table is copied once a call, not once an event: fold many events in one call.
    """
    tasks = dict(snapshot.tasks)
    for event in events:
        if snapshot.status in _ENDED:
            break
        if event.sequence_number <= snapshot.sequence_number:
            continue
        if event.task_reference:
            tasks[event.task_reference] = _reduce_task(tasks.get(event.task_reference), event)
        snapshot = _reduce_workflow(snapshot, event)
    return replace(snapshot, tasks=MappingProxyType(tasks))


def _reduce_workflow(snapshot: Snapshot, event: ProgressEvent) -> Snapshot:
    advanced = replace(
        snapshot,
        execution_id=event.workflow_execution_id,
        workflow_name=event.workflow_name,
        message=event.message,
        sequence_number=event.sequence_number,
        started_at_ms=snapshot.started_at_ms or event.timestamp_ms,
        updated_at_ms=event.timestamp_ms,
    )
    if event.task_reference:
        return advanced
    return replace(
        advanced,
        status=event.status,
        completed_at_ms=event.timestamp_ms if event.terminal else 0,
        output=(event.payload or {}).get("output") if event.event_type is EventType.WORKFLOW_COMPLETED else None,
        error=event.error,
    )


def _reduce_task(task: TaskSnapshot | None, event: ProgressEvent) -> TaskSnapshot:
    payload = event.payload or {}
    if task is None or event.event_type is EventType.TASK_STARTED:
        started = TaskSnapshot(
            name=event.task_name,
            reference=event.task_reference,
            status=event.status,
            started_at_ms=event.timestamp_ms,
            attempt=event.attempt or 1,
            runs=task.runs + 1 if task else 1,
            input=payload.get("input"),
        )
        if event.event_type is EventType.TASK_STARTED:
            return started
        task = started
    if event.event_type is EventType.TASK_RETRY:
        return replace(task, attempt=event.attempt, error=event.error)
    return replace(
        task,
        status=event.status,
        completed_at_ms=event.timestamp_ms,
        output=payload.get("output"),
        error=event.error,
        skipped=event.event_type is EventType.TASK_SKIPPED,
    )
