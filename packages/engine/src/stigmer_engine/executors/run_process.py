"""`run`: processes by kind."""

from stigmer_dsl.models import RunTask, TaskBase

from stigmer_engine.executors.run_script import run_script
from stigmer_engine.executors.run_shell import run_shell
from stigmer_engine.executors.run_workflow import run_workflow
from stigmer_engine.faults import fault
from stigmer_engine.frames import TaskFrame
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope


async def run_process(run: Run, task: TaskBase, frame: TaskFrame, scope: Scope) -> Outcome:
    """Output: what the process gives, or the input when nobody waits for it."""
    assert isinstance(task, RunTask)
    if task.run.workflow is not None:
        return await run_workflow(run, task, frame, scope)
    if task.run.shell is not None:
        return await run_shell(run, task, frame, scope)
    if task.run.script is not None:
        return await run_script(run, task, frame, scope)
    raise fault("configuration", "run: container is not supported by this runner")
