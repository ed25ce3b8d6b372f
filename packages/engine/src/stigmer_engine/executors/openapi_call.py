"""`call: openapi`: an operation by its id, bound to its parameters, then called like `http` (dsl.md 1.5)."""

from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.models import CallTask, TaskBase

from stigmer_engine.executors.call_frame import open_call
from stigmer_engine.executors.call_resource import fetch
from stigmer_engine.executors.http_call import authorize
from stigmer_engine.executors.openapi_call_binding import bind
from stigmer_engine.faults import fault
from stigmer_engine.frames import TaskFrame, input_of
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope


async def run_openapi_call(run: Run, task: TaskBase, frame: TaskFrame, scope: Scope) -> Outcome:
    """Output: the response, as `output` of the call says."""
    assert isinstance(task, CallTask)
    call = await open_call(run, frame, lambda: _arguments(run, task, frame, scope))
    return Outcome(await run.call("http", call, frame.reference))


async def _arguments(run: Run, task: CallTask, frame: TaskFrame, scope: Scope) -> JsonObject:
    given: JsonObject = dict(task.with_ or {})
    settings, seen = await authorize(run, given.get("authentication"), frame, scope)
    template: JsonObject = {name: given[name] for name in ("operationId", "parameters") if name in given}
    evaluated = await run.template("with", template, input_of(frame), seen)
    assert isinstance(evaluated, dict)
    parameters = evaluated.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise fault("expression", "`parameters` of the call is not an object")
    document = given["document"]
    assert isinstance(document, dict)
    options: JsonObject = {"operationId": evaluated["operationId"]}
    found = await fetch(run, document, input_of(frame), scope, form="openapi", slot="document", options=options)
    operation = found["operation"]
    assert isinstance(operation, dict)
    modes: JsonObject = {name: given[name] for name in ("output", "redirect") if name in given}
    return {**bind(operation, parameters), **modes, "authentication": settings}
