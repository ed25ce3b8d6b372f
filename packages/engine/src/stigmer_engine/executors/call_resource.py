"""External resources (dsl.md 1.11): documents outside the workflow, fetched when first needed, once an execution."""

import json
from typing import Final, Literal

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.executors.authentication import authenticate
from stigmer_engine.executors.call_uri import join_uri, uri_template
from stigmer_engine.frames import CallFrame
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope

Form = Literal["text", "json", "proto", "openapi", "function"]
"""What is made of a resource where it is fetched: see `stigmer_engine.calls.resource`."""

MAX_KEPT: Final = 64
"""Resources kept in the tree of one execution; then the oldest goes."""


async def fetch(
    run: Run,
    resource: JsonObject,
    dot: JsonValue,
    scope: Scope,
    *,
    form: Form = "text",
    slot: str = "resource",
    options: JsonObject | None = None,
) -> JsonObject:
    """Fetch a resource as the document declares it, or take it from what this execution has fetched already.

    Args:
        resource: `{"endpoint": text or {"uri", "authentication"}}`, not yet evaluated.
        dot: what its expressions and URI variables are evaluated on.
        form: `text` gives `{"uri", "contentType", "text"}`, `json` gives `{"uri", "value"}` (JSON or YAML).
        slot: tells the resources of one task apart.
        options: further arguments of the call.

    Raises:
        Fault: what the evaluation or the call raises.
    """
    endpoint = resource.get("endpoint")
    uri = str(endpoint["uri"] if isinstance(endpoint, dict) else endpoint)
    policy = endpoint.get("authentication") if isinstance(endpoint, dict) else None
    settings, _ = await authenticate(run, policy, dot, scope, f"{slot}.authentication")
    values = await run.template(f"{slot}.uri", uri_template(uri), dot, scope)
    arguments: JsonObject = {"uri": join_uri(uri, values, dot), "as": form, "authentication": settings}
    return await fetch_evaluated(run, {**arguments, **(options or {})}, scope.task.reference if scope.task else "")


async def fetch_evaluated(run: Run, arguments: JsonObject, reference: str) -> JsonObject:
    """`fetch` for arguments that have been evaluated: `{"uri", "as", "authentication", ...}`."""
    key = json.dumps(arguments, sort_keys=True)
    known = run.tree.resources.get(key)
    if isinstance(known, dict):
        return known
    # The same question has the same key in every process, so it needs no number of its own.
    call = CallFrame(id=f"{run.tree.execution_id}/resource/{arguments['uri']}", arguments=arguments)
    found = await run.call("resource", call, reference)
    assert isinstance(found, dict)
    kept = {**run.tree.resources, key: found}
    while len(kept) > MAX_KEPT:
        del kept[next(iter(kept))]
    run.tree.resources = kept
    return found
