"""`for`: the same tasks for each item (decision A4: iterations chain)."""

from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.models import ForTask, TaskBase

from stigmer_engine.executors.task_list import run_list
from stigmer_engine.faults import fault
from stigmer_engine.frames import DoFrame, ForFrame, TaskFrame, input_of
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope


async def run_for(run: Run, task: TaskBase, frame: TaskFrame, scope: Scope) -> Outcome:
    """Output: that of the last iteration, or the input when there is none."""
    assert isinstance(task, ForTask)
    loop = frame.body
    if loop is None:
        items = await _items(run, task, frame, scope)
        loop = frame.body = ForFrame(items=items, value=input_of(frame))
    assert isinstance(loop, ForFrame)
    each, at = task.for_.each.removeprefix("$"), task.for_.at.removeprefix("$")
    while loop.index < len(loop.items):
        inner = scope.bind(**{each: loop.items[loop.index], at: loop.index})
        if loop.body is None:
            if task.while_ is not None:
                goes_on = await run.expression("while", task.while_, loop.value, inner)
                if goes_on is None or goes_on is False:
                    break
            loop.body = DoFrame(value=loop.value)
        outcome = await run_list(run, task.do, f"{frame.reference}/for/do", loop.body, inner)
        loop.value = outcome.value
        loop.index += 1
        loop.body = None
        if outcome.ends:
            return outcome
    return Outcome(loop.value)


async def _items(run: Run, task: ForTask, frame: TaskFrame, scope: Scope) -> list[JsonValue]:
    source = task.for_.in_
    dot = input_of(frame)
    if isinstance(source, str):
        value = await run.expression("for.in", source, dot, scope)
    else:
        value = await run.template("for.in", list(source), dot, scope)
    match value:
        case list():
            return value
        case dict():
            return [{"key": key, "value": item} for key, item in value.items()]
        case int() if not isinstance(value, bool) and 0 <= value <= _MAX_COUNT:
            return list(range(value))
        case _:
            detail = f"for.in needs an array, an object or a whole number up to {_MAX_COUNT}, not {_kind(value)}"
            raise fault("expression", "Nothing to iterate over", detail)


# More than the default step limit lets through; the items are a list in the tree.
_MAX_COUNT = 1_000_000


def _kind(value: JsonValue) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return f"the number {value}"
        case _:
            return "text"
