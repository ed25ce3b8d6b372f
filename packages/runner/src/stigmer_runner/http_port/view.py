"""What the status URL shows of an execution."""

from collections.abc import Iterable
from datetime import UTC, datetime

from stigmer_dsl.json_types import JsonObject
from stigmer_engine import Snapshot, Status, TaskSnapshot

from stigmer_runner.executions import ExecutionState, RegisteredDocument
from stigmer_runner.executions.schedule_state import ScheduleState

ENDED = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})
_ALMOST = 99
_SHOWN_EXECUTIONS = 10


def status_view(state: ExecutionState, *, execution_id: str) -> JsonObject:
    """The JSON of the status URL. Times are RFC 3339 in UTC, null when not yet.

    Contract: `execution_id, status, progress, message, started_at, updated_at`; the rest is ours.
    """
    snapshot = state.snapshot
    return {
        "execution_id": execution_id,
        "parent_execution_id": state.parent_id or None,
        "workflow_name": snapshot.workflow_name,
        "status": str(snapshot.status),
        "progress": _progress(snapshot, state.top_level_tasks),
        "message": snapshot.message,
        "started_at": _time(snapshot.started_at_ms),
        "updated_at": _time(snapshot.updated_at_ms),
        "completed_at": _time(snapshot.completed_at_ms),
        "sequence_number": snapshot.sequence_number,
        "output": snapshot.output,
        "error": snapshot.error.to_json() if snapshot.error else None,
        "tasks": [_task(task) for task in snapshot.tasks.values()],
    }


async def documents_view(entries: Iterable[RegisteredDocument]) -> JsonObject:
    """The JSON of the registered documents. Times as in `status_view`."""
    return {"documents": [await _document(entry) for entry in entries]}


async def _document(entry: RegisteredDocument) -> JsonObject:
    head = entry.document.workflow.document
    schedule = await entry.schedule.state() if entry.schedule is not None else ScheduleState()
    return {
        "namespace": head.namespace,
        "name": head.name,
        "version": head.version,
        "scheduled": schedule.active,
        "next_run": _time(_milliseconds(schedule.next_time)),
        "last_run": _time(_milliseconds(schedule.last_time)),
        "runs": schedule.count,
        "executions": list(schedule.executions[-_SHOWN_EXECUTIONS:]),
        "problem": schedule.problem,
    }


def _milliseconds(seconds: float | None) -> int:
    return round(seconds * 1000) if seconds is not None else 0


def _task(task: TaskSnapshot) -> JsonObject:
    return {
        "task_name": task.name,
        "task_reference": task.reference,
        "status": str(task.status),
        "skipped": task.skipped,
        "started_at": _time(task.started_at_ms),
        "completed_at": _time(task.completed_at_ms),
        "attempt": task.attempt,
        "runs": task.runs,
        "output": task.output,
        "error": task.error.to_json() if task.error else None,
    }


def _progress(snapshot: Snapshot, top_level_tasks: int) -> int:
    """0 to 100: the share of top-level tasks that have ended; 100 only for a completed run."""
    if snapshot.status is Status.COMPLETED:
        return 100
    ended = sum(task.reference.count("/") == _TOP_LEVEL and task.status in ENDED for task in snapshot.tasks.values())
    return min(_ALMOST, 100 * ended // max(top_level_tasks, 1))


_TOP_LEVEL = 3  # slashes in `/do/0/name`; a slash inside a name is written `~1`


def _time(milliseconds: int) -> str | None:
    if not milliseconds:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
