"""Events as JSON: the contract's field names, as the runner's own HTTP port writes them."""

import json

from stigmer_dsl.json_types import JsonObject
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ErrorDetails, WorkflowProgressEvent
from stigmer_proto_json import json_from_struct


def event_json(event: WorkflowProgressEvent) -> JsonObject:
    """Every field under its contract name; `timestamp_ms` is Unix time in milliseconds."""
    return {
        "workflow_execution_id": event.workflow_execution_id,
        "event_type": event.event_type,
        "workflow_name": event.workflow_name,
        "task_name": event.task_name,
        "status": event.status,
        "message": event.message,
        "timestamp_ms": event.timestamp_ms,
        "payload": json_from_struct(event.payload) if event.payload is not None else None,
        "error": error_json(event.error),
        "sequence_number": event.sequence_number,
        "task_progress": event.task_progress,
        "task_reference": event.task_reference,
        "attempt": event.attempt,
    }


def event_text(event: WorkflowProgressEvent) -> str:
    """The JSON text of an event, on one line."""
    return json.dumps(event_json(event), ensure_ascii=False, separators=(",", ":"))


def error_json(error: ErrorDetails | None) -> JsonObject | None:
    """An error with every field; `instance` is the JSON pointer of the task that raised it."""
    if error is None:
        return None
    return {
        "code": error.code,
        "message": error.message,
        "stack_trace": error.stack_trace,
        "type": error.type,
        "status": error.status,
        "instance": error.instance,
    }
