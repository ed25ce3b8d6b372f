"""Functions: `call` with the name of a task in `use.functions`, of a catalog, or a URL (dsl.md 1.2, 1.5).

`with` becomes the input of the function's task, which sees no variable of its caller but the eight arguments.
"""

from typing import Final

from stigmer_dsl.models import CallTask, NamedTask, Task, TaskBase

from stigmer_engine.executors.task_list import escape
from stigmer_engine.faults import fault
from stigmer_engine.frames import DoFrame, FunctionFrame, TaskFrame, input_of
from stigmer_engine.interpreter.lifecycle import run_task
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope

MAX_CALL_DEPTH: Final = 16
"""Functions may call functions, but each call keeps its caller's frames."""


async def run_function(run: Run, task: TaskBase, frame: TaskFrame, scope: Scope) -> Outcome:
    """Output: the transformed output of the function's task.

    Raises:
        Fault: `configuration`, for an unknown function or calls nested too deeply; what the function's task raised.
    """
    assert isinstance(task, CallTask)
    function = _definition(run, task)
    if frame.reference.count("/function/") >= MAX_CALL_DEPTH:
        raise fault("configuration", "Functions call each other too deeply", f"more than {MAX_CALL_DEPTH} levels")
    call = frame.body
    if call is None:
        call = frame.body = FunctionFrame()
    assert isinstance(call, FunctionFrame)
    if call.body is None:
        arguments = await run.template("with", dict(task.with_ or {}), input_of(frame), scope)
        call.body = DoFrame(value=arguments)
    named = NamedTask(name=task.call, task=function)
    reference = f"{frame.reference}/function/{escape(task.call)}"
    outcome = await run_task(run, named, reference, call.body, call.body.value, Scope(plain=scope.plain))
    return Outcome(outcome.value, ends=outcome.ends)


def _definition(run: Run, task: CallTask) -> Task:
    functions = run.prepared.workflow.use.functions if run.prepared.workflow.use else None
    if functions and task.call in functions:
        return functions[task.call]
    raise fault("configuration", f"There is no function {task.call!r}", "declare it in use.functions")
