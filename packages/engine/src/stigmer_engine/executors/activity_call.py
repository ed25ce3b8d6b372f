"""`call: activity`: an activity of any worker, in any language. Runtimes on Temporal perform it."""

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models import CallTask, TaskBase

from stigmer_engine.executors.call_frame import open_call
from stigmer_engine.faults import fault
from stigmer_engine.frames import TaskFrame, input_of
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope


async def run_activity_call(run: Run, task: TaskBase, frame: TaskFrame, scope: Scope) -> Outcome:
    """Output: what the activity returns, any JSON value."""
    assert isinstance(task, CallTask)
    call = await open_call(run, frame, lambda: _arguments(run, task, frame, scope))
    return Outcome(await run.call("activity", call, frame.reference))


async def _arguments(run: Run, task: CallTask, frame: TaskFrame, scope: Scope) -> JsonObject:
    """`{name, arguments, taskQueue, options}`: the queue may be null; the options are as written (they are literal).

    Raises:
        Fault: `expression`, when something evaluates to another type than the call needs; `authorization`, when a
            secret is among the arguments.
    """
    template: JsonObject = dict(task.with_ or {})
    options = template.pop("options", {})
    evaluated = await run.template("with", template, input_of(frame), scope)
    assert isinstance(evaluated, dict)
    name, queue = evaluated["name"], evaluated.get("taskQueue")
    arguments: JsonValue = evaluated.get("arguments", [])
    if not isinstance(name, str) or not name:
        raise fault("expression", "`name` of the activity is not a text")
    if not isinstance(arguments, list):
        raise fault("expression", "`arguments` of the activity are not a list")
    if "taskQueue" in evaluated and (not isinstance(queue, str) or not queue):
        raise fault("expression", "`taskQueue` of the activity is not a text")
    found: JsonObject = {"name": name, "arguments": arguments, "taskQueue": queue, "options": options}
    if run.has_secrets(found):
        raise fault(
            "authorization",
            "A secret cannot be given to an activity",
            "its worker would get a placeholder, which only calls of this engine fill in; let that worker hold the "
            "secret itself, or use `call: http` or `call: grpc`",
        )
    return found
