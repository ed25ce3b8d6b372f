"""Numbers that JSON does not have: a `Struct` can hold them, and nobody could show it."""

import math
from dataclasses import replace

from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import WorkflowExecutionStatus, WorkflowTask
from stigmer_proto.google.protobuf import NullValue, Struct, Value


def finite(struct: Struct | None) -> Struct | None:
    """The same struct, or, when it holds NaN or an infinity, a copy with null in its place."""
    if struct is None or all(map(_is_finite, struct.fields.values())):
        return struct
    return Struct(fields={key: _finite(value) for key, value in struct.fields.items()})


def finite_status(status: WorkflowExecutionStatus) -> WorkflowExecutionStatus:
    """The status with its data made finite."""
    return replace(status, output=finite(status.output), tasks=[_finite_task(task) for task in status.tasks])


def _finite_task(task: WorkflowTask) -> WorkflowTask:
    return replace(task, input=finite(task.input), output=finite(task.output), metadata=finite(task.metadata))


def _is_finite(value: Value) -> bool:
    if value.number_value is not None:
        return math.isfinite(value.number_value)
    if value.struct_value is not None:
        return all(map(_is_finite, value.struct_value.fields.values()))
    return value.list_value is None or all(map(_is_finite, value.list_value.values))


def _finite(value: Value) -> Value:
    if _is_finite(value):
        return value
    if value.struct_value is not None:
        return Value(struct_value=finite(value.struct_value))
    if value.list_value is not None:
        return Value(list_value=replace(value.list_value, values=[_finite(item) for item in value.list_value.values]))
    return Value(null_value=NullValue.NULL_VALUE)
