"""Between our data and the contract's messages; the only place that knows both shapes of an event."""

import json

from stigmer_dsl import JsonObject, JsonValue
from stigmer_engine import EventError, ProgressEvent
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ErrorDetails, WorkflowProgressEvent
from stigmer_proto.google.protobuf import Struct
from stigmer_proto_json import WIRE_DEPTH, StructError, struct_from_json

_TOO_LARGE = 1e308


def progress_message(event: ProgressEvent) -> WorkflowProgressEvent:
    """The event as the stream and the callback send it."""
    return WorkflowProgressEvent(
        workflow_execution_id=event.workflow_execution_id,
        event_type=str(event.event_type),
        workflow_name=event.workflow_name,
        task_name=event.task_name,
        status=str(event.status),
        message=event.message,
        timestamp_ms=event.timestamp_ms,
        payload=None if event.payload is None else payload_struct(event.payload),
        error=None if event.error is None else _error_details(event.error),
        sequence_number=event.sequence_number,
        task_progress=event.task_progress,
        task_reference=event.task_reference,
        attempt=event.attempt,
    )


def _error_details(error: EventError) -> ErrorDetails:
    return ErrorDetails(
        code=error.code,
        message=error.message,
        stack_trace=error.stack_trace,
        type=error.type,
        status=error.status,
        instance=error.instance,
    )


def payload_struct(payload: JsonObject) -> Struct:
    """The payload of an event in the form every peer can read. Never fails: an event is worth more than its payload.

    What is nested too deeply for protobuf becomes a string of JSON; a number no double can hold becomes its text.
    """
    try:
        return struct_from_json(payload, max_depth=WIRE_DEPTH)
    except StructError:
        return struct_from_json(_readable(payload, WIRE_DEPTH))


def _readable(value: JsonValue, levels: int) -> JsonValue:
    match value:
        case dict() | list() if levels < 1:
            return _as_text(value)
        case dict():
            return {key: _readable(item, levels - 1) for key, item in value.items()}
        case list():
            return [_readable(item, levels - 1) for item in value]
        case int() | float() if not (isinstance(value, bool) or abs(value) < _TOO_LARGE):
            return str(value)
        case _:
            return value


def _as_text(value: JsonValue) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        return "(nested too deeply)"
