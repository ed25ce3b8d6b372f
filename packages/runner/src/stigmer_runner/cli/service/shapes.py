"""Resources as people and programs see them; `docs/cli.md` tells the members, which stay."""

import json
import re
from typing import Final

import betterproto2
from google.protobuf import json_format
from google.protobuf.message_factory import GetMessageClass
from stigmer_dsl import JsonObject, JsonValue
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import Workflow
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    ExecutionPhase,
    WorkflowExecution,
    WorkflowExecutionStatus,
    WorkflowTask,
    WorkflowTaskStatus,
)
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceMetadata
from stigmer_proto.google.protobuf import Struct
from stigmer_proto_json import json_from_struct

INPUT_ANNOTATION: Final = "stigmer.ai/input"
"""Annotation of an execution: its input as the JSON text of an object; the contract has no field for it."""

PHASES: Final = {
    "pending": ExecutionPhase.EXECUTION_PENDING,
    "running": ExecutionPhase.EXECUTION_IN_PROGRESS,
    "paused": ExecutionPhase.EXECUTION_PAUSED,
    "completed": ExecutionPhase.EXECUTION_COMPLETED,
    "failed": ExecutionPhase.EXECUTION_FAILED,
    "cancelled": ExecutionPhase.EXECUTION_CANCELLED,
}
_PHASE_NAMES: Final = {int(phase): name for name, phase in PHASES.items()}
_TASK_STATUS: Final = {
    int(WorkflowTaskStatus.WORKFLOW_TASK_IN_PROGRESS): "running",
    int(WorkflowTaskStatus.WORKFLOW_TASK_COMPLETED): "completed",
    int(WorkflowTaskStatus.WORKFLOW_TASK_FAILED): "failed",
    int(WorkflowTaskStatus.WORKFLOW_TASK_SKIPPED): "skipped",
}
ENDED: Final = frozenset({"completed", "failed", "cancelled"})


def phase_name(execution: WorkflowExecution) -> str:
    """`pending`, `running`, `paused`, `completed`, `failed` or `cancelled`."""
    return _PHASE_NAMES.get(int(_status(execution).phase), "pending")


def task_status(task: WorkflowTask) -> str:
    """`pending`, `running`, `completed`, `failed` or `skipped`."""
    return _TASK_STATUS.get(int(task.status), "pending")


def output_of(execution: WorkflowExecution) -> JsonValue:
    """What a run gave; a value that is no object stands under the key `value` in the contract."""
    return _unwrapped(_status(execution).output)


def execution_json(execution: WorkflowExecution, *, details: bool = True) -> JsonObject:
    """A run; with details also its tasks, input and output."""
    metadata, status = execution.metadata or ApiResourceMetadata(), _status(execution)
    shown: JsonObject = {
        "id": metadata.id,
        "name": metadata.name,
        "workflow_id": execution.spec.workflow_id if execution.spec else "",
        "phase": phase_name(execution),
        "created_at": _created(execution),
        "started_at": status.started_at or None,
        "completed_at": status.completed_at or None,
        "error": status.error or None,
        "tags": list(metadata.tags),
    }
    if details:
        shown |= {
            "input": _given_input(metadata),
            "output": output_of(execution),
            "tasks": [_task_json(task) for task in status.tasks],
        }
    return shown


def workflow_json(workflow: Workflow) -> JsonObject:
    """A workflow in a list."""
    metadata = workflow.metadata or ApiResourceMetadata()
    document = workflow.spec.document if workflow.spec else None
    return {
        "id": metadata.id,
        "name": metadata.slug or metadata.name,
        "org": metadata.org or None,
        "version": document.version if document else "",
        "description": workflow.spec.description if workflow.spec else "",
        "tasks": len(workflow.spec.tasks) if workflow.spec else 0,
        "tags": list(metadata.tags),
    }


def resource_json(message: betterproto2.Message) -> JsonObject:
    """A resource as protobuf writes JSON: camelCase names, fields with default values left out."""
    descriptor = message.DESCRIPTOR  # type: ignore[attr-defined]  # every generated class has it, the base has not
    value = json_format.MessageToDict(GetMessageClass(descriptor).FromString(bytes(message)))
    # A `Struct` knows only doubles; `1.0` in it was `1` for whoever wrote it.
    return {key: _whole(item) for key, item in value.items()}


def metadata_from_json(value: JsonValue) -> ApiResourceMetadata:
    """The metadata of a resource in a file. Raises ValueError."""
    message = GetMessageClass(ApiResourceMetadata.DESCRIPTOR)()
    try:
        json_format.ParseDict(value, message)
    except (json_format.ParseError, TypeError, AttributeError) as error:
        raise ValueError(re.sub(r"\s+", " ", str(error)).rstrip(".")) from None
    return ApiResourceMetadata.parse(message.SerializeToString())


def _task_json(task: WorkflowTask) -> JsonObject:
    return {
        "name": task.task_name,
        "reference": task.task_id,
        "status": task_status(task),
        "started_at": task.started_at or None,
        "completed_at": task.completed_at or None,
        "error": task.error or None,
        "input": _unwrapped(task.input),
        "output": _unwrapped(task.output),
    }


def _status(execution: WorkflowExecution) -> WorkflowExecutionStatus:
    return execution.status or WorkflowExecutionStatus()


def _created(execution: WorkflowExecution) -> str | None:
    audit = _status(execution).audit
    info = (audit.status_audit or audit.spec_audit) if audit else None
    if info is None or info.created_at is None:
        return None
    return info.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _given_input(metadata: ApiResourceMetadata) -> JsonValue:
    try:
        value: JsonValue = json.loads(metadata.annotations.get(INPUT_ANNOTATION, "null"))
    except ValueError:
        return None
    return value


def _unwrapped(struct: Struct | None) -> JsonValue:
    if struct is None:
        return None
    value = json_from_struct(struct)
    return value["value"] if set(value) == {"value"} else value


def _whole(item: JsonValue) -> JsonValue:
    if isinstance(item, dict):
        return {key: _whole(inner) for key, inner in item.items()}
    if isinstance(item, list):
        return [_whole(inner) for inner in item]
    return int(item) if isinstance(item, float) and item.is_integer() and abs(item) <= 2**53 else item
