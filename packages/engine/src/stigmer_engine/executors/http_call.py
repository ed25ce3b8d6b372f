"""`call: http`: the arguments, evaluated (dsl.md 1.5). The call itself is a side effect behind the port."""

from dataclasses import replace

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models import CallTask, TaskBase

from stigmer_engine.executors.authentication import authenticate
from stigmer_engine.executors.call_frame import open_call
from stigmer_engine.executors.call_uri import join_uri, uri_template
from stigmer_engine.faults import fault
from stigmer_engine.frames import TaskFrame, input_of
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope


async def run_http_call(run: Run, task: TaskBase, frame: TaskFrame, scope: Scope) -> Outcome:
    """Output: the response, as `output` of the call says."""
    assert isinstance(task, CallTask)
    call = await open_call(run, frame, lambda: _arguments(run, task, frame, scope))
    return Outcome(await run.call("http", call, frame.reference))


async def _arguments(run: Run, task: CallTask, frame: TaskFrame, scope: Scope) -> JsonObject:
    """Evaluate the authentication, then everything else in one program; only then put the URI together."""
    dot = input_of(frame)
    template: JsonObject = dict(task.with_ or {})
    endpoint = template.pop("endpoint")
    uri = str(endpoint["uri"] if isinstance(endpoint, dict) else endpoint)
    policy = endpoint.get("authentication") if isinstance(endpoint, dict) else None
    settings, scope = await authorize(run, policy, frame, scope)
    evaluated = await run.template("with", {**template, "uri": uri_template(uri)}, dot, scope)
    assert isinstance(evaluated, dict)
    for name in ("headers", "query"):
        if not isinstance(evaluated.get(name, {}), dict):
            raise fault("expression", f"`{name}` of the call is not an object")
    return {**evaluated, "uri": join_uri(uri, evaluated["uri"], dot), "authentication": settings}


async def authorize(run: Run, policy: JsonValue, frame: TaskFrame, scope: Scope) -> tuple[JsonValue, Scope]:
    """The settings of the task's own authentication, and the scope in which `$authorization` is set."""
    settings, authorization = await authenticate(run, policy, input_of(frame), scope)
    if authorization is not None:
        frame.authorization = authorization
        scope = replace(scope, authorization=authorization)
    return settings, scope
