"""Extensions: lists of tasks around the bodies of other tasks (dsl.md 1.11).

`before` runs on the task's transformed input, `after` on its raw output; what they give is dropped, except that
`then: exit` in `before` skips the body and makes the list's value the task's raw output.
"""

from collections.abc import Sequence

from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.models import (
    CallTask,
    DoTask,
    EmitTask,
    ForkTask,
    ForTask,
    ListenTask,
    RaiseTask,
    RunTask,
    SetTask,
    SwitchTask,
    TaskBase,
    TryTask,
    WaitTask,
)
from stigmer_dsl.models.extension import NamedExtension

from stigmer_engine.executors.task_list import escape, run_list
from stigmer_engine.frames import UNSET, DoFrame, ExtensionFrame, TaskFrame, input_of
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope

_EXTENDED: dict[str, tuple[type[TaskBase], ...]] = {
    "call": (CallTask,),
    "composite": (DoTask, ForkTask),
    "emit": (EmitTask,),
    "for": (ForTask,),
    "listen": (ListenTask,),
    "raise": (RaiseTask,),
    "run": (RunTask,),
    "set": (SetTask,),
    "switch": (SwitchTask,),
    "try": (TryTask,),
    "wait": (WaitTask,),
    "all": (TaskBase,),
}


async def run_extended(run: Run, task: TaskBase, frame: TaskFrame, scope: Scope) -> Outcome:
    """The task's body with the extensions that apply to its kind around it, in the order of declaration."""
    extensions = () if scope.plain else _applying(run, task)
    if not extensions:
        return await run.executor(task)(run, task, frame, scope)
    stand = frame.extension
    if stand is None:
        stand = frame.extension = ExtensionFrame()
    if stand.phase == "before":
        injected = await _lists(run, extensions, "before", frame, stand, scope)
        if injected is not None:
            stand.output, stand.phase = injected.value, "after"
        else:
            stand.phase = "body"
        stand.index = 0
    if stand.phase == "body":
        outcome = await run.executor(task)(run, task, frame, scope)
        stand.output, stand.then, stand.ends, stand.phase = outcome.value, outcome.then, outcome.ends, "after"
        frame.body = None
    await _lists(run, extensions, "after", frame, stand, scope)
    assert stand.output is not UNSET
    return Outcome(stand.output, stand.then, stand.ends)


def _applying(run: Run, task: TaskBase) -> Sequence[NamedExtension]:
    use = run.prepared.workflow.use
    if use is None or not use.extensions:
        return ()
    return [item for item in use.extensions if isinstance(task, _EXTENDED[item.extension.extend])]


async def _lists(
    run: Run,
    extensions: Sequence[NamedExtension],
    phase: str,
    frame: TaskFrame,
    stand: ExtensionFrame,
    scope: Scope,
) -> Outcome | None:
    """Run the lists of one phase; the outcome of the one that left by `exit` in `before`, else None."""
    while stand.index < len(extensions):
        item = extensions[stand.index]
        tasks = item.extension.before if phase == "before" else item.extension.after
        value = input_of(frame) if phase == "before" else stand.output
        assert value is not UNSET
        if tasks and stand.list is None:
            if stand.wanted is None:
                stand.wanted = await _wanted(run, item, value, scope)
            if stand.wanted:
                stand.list = DoFrame(value=value)
        if tasks and stand.list is not None:
            prefix = f"{frame.reference}/extension/{escape(item.name)}/{phase}"
            outcome = await run_list(run, tasks, prefix, stand.list, scope.plainly())
            stand.list = None
            if outcome.exited and phase == "before":
                stand.wanted = None
                return outcome
        stand.index += 1
        stand.wanted = None
    return None


async def _wanted(run: Run, item: NamedExtension, dot: JsonValue, scope: Scope) -> bool:
    if item.extension.when is None:
        return True
    value = await run.expression(f"extension.{item.name}.when", item.extension.when, dot, scope)
    return value is not None and value is not False
