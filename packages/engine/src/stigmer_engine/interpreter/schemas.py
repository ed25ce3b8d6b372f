"""Schemas of input, output and export, in place or from elsewhere."""

import hashlib
import json

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models import SchemaDefinition

from stigmer_engine.executors.call_resource import fetch
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope


async def validate(
    run: Run, reference: str, slot: str, schema: SchemaDefinition | None, value: JsonValue, scope: Scope
) -> None:
    """Check `value` against the schema at a place of the document; one from elsewhere is fetched first.

    Raises:
        Fault: `validation` with every violation; `configuration` when the schema is unusable; what the fetching raises.
    """
    if schema is None:
        return
    if schema.resource is not None:
        resource: JsonObject = schema.resource.model_dump(mode="json", by_alias=True, exclude_none=True)
        found = await fetch(run, resource, value, scope, form="json", slot=f"{slot}.schema")
        schema = SchemaDefinition(format=schema.format, document=found["value"])
        # What stands at an address may change between executions, and compiled schemas are kept by place.
        text = json.dumps(schema.document, sort_keys=True)
        reference = f"{reference}#{hashlib.sha256(text.encode()).hexdigest()}"
    run.prepared.validate(reference, slot, schema, value)
