"""`set`: data from literals and expressions."""

from stigmer_dsl.models import SetTask, TaskBase

from stigmer_engine.frames import TaskFrame, input_of
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope


async def run_set(run: Run, task: TaskBase, frame: TaskFrame, scope: Scope) -> Outcome:
    """Output: the evaluated value; it replaces, and merges with nothing."""
    assert isinstance(task, SetTask)
    return Outcome(await run.template("set", task.set, input_of(frame), scope))
