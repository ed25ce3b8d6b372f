"""The schema of a workflow's input: kept in an annotation, because a specification has no field for it."""

import json
from typing import Final

from stigmer_dsl.json_types import JsonValue
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import Workflow

INPUT_SCHEMA_ANNOTATION: Final = "stigmer.ai/input-schema"
"""Annotation of a workflow: the JSON Schema of its input as JSON text (decision 0831)."""


def input_schema(workflow: Workflow) -> JsonValue:
    """The JSON Schema of the workflow's input, or None."""
    annotations = workflow.metadata.annotations if workflow.metadata else {}
    try:
        schema: JsonValue = json.loads(annotations.get(INPUT_SCHEMA_ANNOTATION, "null"))
    except (ValueError, RecursionError):
        return None
    return schema if isinstance(schema, (dict, bool)) else None
