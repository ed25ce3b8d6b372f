"""`do`: a list of tasks as one task."""

from stigmer_dsl.models import DoTask, TaskBase

from stigmer_engine.executors.task_list import run_list
from stigmer_engine.frames import DoFrame, TaskFrame, input_of
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope


async def run_do(run: Run, task: TaskBase, frame: TaskFrame, scope: Scope) -> Outcome:
    """Output: that of the last task run."""
    assert isinstance(task, DoTask)
    body = frame.body
    if body is None:
        body = frame.body = DoFrame(value=input_of(frame))
    assert isinstance(body, DoFrame)
    return await run_list(run, task.do, f"{frame.reference}/do", body, scope)
