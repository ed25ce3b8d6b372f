"""The input of a run: kept in an annotation, because the contract's execution has no field for it (decision 0831)."""

import json
from collections.abc import Mapping
from typing import Final

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import WorkflowExecution

INPUT_ANNOTATION: Final = "stigmer.ai/input"
"""Annotation of an execution: its input as the JSON text of an object."""


def annotate_input(annotations: dict[str, str], value: JsonObject) -> None:
    """Keep the input of a run among the annotations of its execution."""
    annotations[INPUT_ANNOTATION] = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def input_of(execution: WorkflowExecution) -> JsonObject | None:
    """The input of a run; None when it was created with none, or with an annotation that is no JSON object."""
    annotations: Mapping[str, str] = execution.metadata.annotations if execution.metadata else {}
    try:
        value: JsonValue = json.loads(annotations.get(INPUT_ANNOTATION, "null"))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
