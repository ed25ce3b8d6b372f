"""`call: grpc`: a method of a service, by its proto or by the peer's reflection (dsl.md 1.5)."""

from dataclasses import replace
from typing import Final

from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.models import CallTask, TaskBase

from stigmer_engine.executors.authentication import authenticate
from stigmer_engine.executors.call_frame import open_call
from stigmer_engine.executors.call_resource import fetch_evaluated
from stigmer_engine.executors.call_uri import join_uri, uri_template
from stigmer_engine.executors.http_call import authorize
from stigmer_engine.faults import fault
from stigmer_engine.frames import TaskFrame, input_of
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope

REFLECTION_SCHEMES: Final = ("grpc://", "grpcs://")
"""An endpoint of `proto` with one of these names no file: the peer at that address describes the service itself."""


async def run_grpc_call(run: Run, task: TaskBase, frame: TaskFrame, scope: Scope) -> Outcome:
    """Output: the response message; the array of them when the method streams."""
    assert isinstance(task, CallTask)
    call = await open_call(run, frame, lambda: _arguments(run, task, frame, scope))
    # Not part of the frame: a user's pause moves the task's deadline.
    timed = replace(call, arguments={**call.arguments, "deadline": frame.deadline})
    return Outcome(await run.call("grpc", timed, frame.reference))


async def _arguments(run: Run, task: CallTask, frame: TaskFrame, scope: Scope) -> JsonObject:
    dot = input_of(frame)
    template: JsonObject = dict(task.with_ or {})
    proto, service = template.pop("proto"), template["service"]
    assert isinstance(proto, dict)
    assert isinstance(service, dict)
    endpoint = proto["endpoint"]
    uri = str(endpoint["uri"] if isinstance(endpoint, dict) else endpoint)
    policy = endpoint.get("authentication") if isinstance(endpoint, dict) else None
    settings, seen = await authorize(run, service.get("authentication"), frame, scope)
    template["service"] = {name: value for name, value in service.items() if name != "authentication"}
    evaluated = await run.template("with", {**template, "uri": uri_template(uri)}, dot, seen)
    assert isinstance(evaluated, dict)
    address = join_uri(uri, evaluated["uri"], dot)
    arguments: JsonObject = {name: evaluated[name] for name in ("service", "method")}
    arguments["arguments"] = evaluated.get("arguments") or {}
    if not isinstance(arguments["arguments"], dict):
        raise fault("expression", "`arguments` of the call is not an object")
    arguments["authentication"] = settings
    if address.startswith(REFLECTION_SCHEMES):
        return {**arguments, "reflection": address}
    own, _ = await authenticate(run, policy, dot, scope, "proto.authentication")
    wanted: JsonObject = {"uri": address, "as": "proto", "authentication": own}
    found = await fetch_evaluated(run, wanted, frame.reference)
    return {**arguments, "descriptors": found["descriptors"]}
