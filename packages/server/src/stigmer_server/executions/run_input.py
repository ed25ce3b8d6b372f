"""The input of a run: kept in an annotation, because the contract's execution has no field for it (decision 0831)."""

import json
from collections.abc import Mapping
from typing import Final

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import WorkflowExecution
from stigmer_proto_json import WIRE_DEPTH, struct_from_json

from stigmer_server.resources.metadata import invalid

INPUT_ANNOTATION: Final = "stigmer.ai/input"
"""Annotation of an execution: its input as the JSON text of an object."""


def annotate_input(annotations: dict[str, str], value: JsonObject) -> None:
    """Keep the input of a run among the annotations of its execution. Raises Refused when runners cannot be told it."""
    try:
        _check_sendable(value)
    except ValueError as error:
        raise invalid("input", f"cannot be sent to a runner: {error}") from None
    annotations[INPUT_ANNOTATION] = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def input_of(execution: WorkflowExecution) -> JsonObject | None:
    """The input of a run; None when it was created with none, or with an annotation that is no JSON object."""
    text = _annotated(execution)
    try:
        return None if text is None else _json_object(text)
    except (ValueError, RecursionError):
        return None


def seen_input(execution: WorkflowExecution) -> JsonObject:
    """What the run gets: its input, or else what triggered it under the contract's names.

    Raises Refused (INVALID_REQUEST) for an annotation that holds no input: the run would begin without.
    """
    text = _annotated(execution)
    if text is None:
        return trigger_of(execution)
    try:
        value = _json_object(text)
        _check_sendable(value)
    except (ValueError, RecursionError) as error:
        why = "the data is nested too deeply" if isinstance(error, RecursionError) else str(error)
        field = f"metadata.annotations[{INPUT_ANNOTATION!r}]"
        raise invalid(field, f"must be the JSON text of an object that can be sent to a runner: {why}") from None
    return value


def trigger_of(execution: WorkflowExecution) -> JsonObject:
    """What triggered the execution; empty when nothing is known."""
    spec, trigger = execution.spec, JsonObject()
    if spec is not None and spec.trigger_message:
        trigger["trigger_message"] = spec.trigger_message
    if spec is not None and spec.trigger_metadata:
        trigger["trigger_metadata"] = dict(spec.trigger_metadata)
    return trigger


def _annotated(execution: WorkflowExecution) -> str | None:
    annotations: Mapping[str, str] = execution.metadata.annotations if execution.metadata else {}
    return annotations.get(INPUT_ANNOTATION)


def _json_object(text: str) -> JsonObject:
    value: JsonValue = json.loads(text, parse_constant=_no_constant)
    if not isinstance(value, dict):
        raise ValueError(f"it holds {type(value).__name__}")  # noqa: TRY004 - told like JSON that cannot be read
    return value


def _check_sendable(value: JsonObject) -> None:
    """Raise ValueError when the order to start cannot carry the input: it is a `Struct` there."""
    struct = struct_from_json(value, max_depth=WIRE_DEPTH)
    try:
        bytes(struct)
    except UnicodeEncodeError:
        raise ValueError("it holds half of a surrogate pair") from None


def _no_constant(name: str) -> JsonValue:
    raise ValueError(f"{name} is no JSON number")
