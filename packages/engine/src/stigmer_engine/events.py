"""Progress events: what a run tells the world, in order.

One event is one fact. Field names are those of the contract's `WorkflowProgressEvent`, so a sink only copies.
"""

from dataclasses import dataclass
from enum import StrEnum

from stigmer_dsl.json_types import JsonObject, JsonValue


class EventType(StrEnum):
    """The vocabulary of the contract; receivers must accept values they do not know."""

    WORKFLOW_STARTED = "workflow_started"
    WORKFLOW_VALIDATING = "workflow_validating"
    WORKFLOW_VALIDATED = "workflow_validated"
    WORKFLOW_PAUSED = "workflow_paused"
    WORKFLOW_RESUMED = "workflow_resumed"
    WORKFLOW_CANCELLED = "workflow_cancelled"
    WORKFLOW_COMPLETED = "workflow_completed"
    WORKFLOW_FAILED = "workflow_failed"
    TASK_STARTED = "task_started"
    TASK_COMPLETED = "task_completed"
    TASK_FAILED = "task_failed"
    TASK_RETRY = "task_retry"
    TASK_SKIPPED = "task_skipped"


class Status(StrEnum):
    """State of the workflow or task that an event speaks of."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PAUSED = "paused"


TERMINAL_EVENTS = frozenset({EventType.WORKFLOW_COMPLETED, EventType.WORKFLOW_FAILED, EventType.WORKFLOW_CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class EventError:
    """The contract's `ErrorDetails`: a code for machines, a sentence for people, and the DSL error's own fields."""

    code: str
    message: str
    stack_trace: str = ""
    type: str = ""
    status: int = 0
    instance: str = ""

    def to_json(self) -> JsonObject:
        """Every field, under its contract name."""
        return {
            "code": self.code,
            "message": self.message,
            "stack_trace": self.stack_trace,
            "type": self.type,
            "status": self.status,
            "instance": self.instance,
        }

    @classmethod
    def from_json(cls, error: JsonObject) -> "EventError":
        """The inverse of `to_json`."""
        status = error["status"]
        assert isinstance(status, int)
        return cls(
            code=str(error["code"]),
            message=str(error["message"]),
            stack_trace=str(error["stack_trace"]),
            type=str(error["type"]),
            status=status,
            instance=str(error["instance"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressEvent:
    """One entry of an execution's event log.

    `sequence_number` counts from 1 without gaps within an execution; `timestamp_ms` is Unix time in milliseconds;
    `task_progress` is 0 to 100; `task_reference` is a JSON pointer into the document, empty for workflow events;
    `attempt` counts the tries of a task from 1, 0 for workflow events. A task that was cancelled (a fork's loser,
    a timeout, a cancelled workflow) is reported as `task_failed` with status `cancelled` and no error.
    """

    workflow_execution_id: str
    event_type: EventType
    workflow_name: str
    status: Status
    timestamp_ms: int
    sequence_number: int
    task_name: str = ""
    message: str = ""
    payload: JsonObject | None = None
    error: EventError | None = None
    task_progress: int = 0
    task_reference: str = ""
    attempt: int = 0

    @property
    def terminal(self) -> bool:
        """Whether no event of this execution can follow."""
        return self.event_type in TERMINAL_EVENTS

    def to_json(self) -> JsonObject:
        """Every field under its contract name, in the order of the contract's field numbers."""
        payload: JsonValue = self.payload
        return {
            "workflow_execution_id": self.workflow_execution_id,
            "event_type": str(self.event_type),
            "workflow_name": self.workflow_name,
            "task_name": self.task_name,
            "status": str(self.status),
            "message": self.message,
            "timestamp_ms": self.timestamp_ms,
            "payload": payload,
            "error": self.error.to_json() if self.error else None,
            "sequence_number": self.sequence_number,
            "task_progress": self.task_progress,
            "task_reference": self.task_reference,
            "attempt": self.attempt,
        }

    @classmethod
    def from_json(cls, event: JsonObject) -> "ProgressEvent":
        """The inverse of `to_json`."""
        payload, error = event["payload"], event["error"]
        return cls(
            workflow_execution_id=str(event["workflow_execution_id"]),
            event_type=EventType(str(event["event_type"])),
            workflow_name=str(event["workflow_name"]),
            task_name=str(event["task_name"]),
            status=Status(str(event["status"])),
            message=str(event["message"]),
            timestamp_ms=_whole(event["timestamp_ms"]),
            payload=payload if isinstance(payload, dict) else None,
            error=EventError.from_json(error) if isinstance(error, dict) else None,
            sequence_number=_whole(event["sequence_number"]),
            task_progress=_whole(event["task_progress"]),
            task_reference=str(event["task_reference"]),
            attempt=_whole(event["attempt"]),
        )


def _whole(value: JsonValue) -> int:
    assert isinstance(value, int)
    return value
