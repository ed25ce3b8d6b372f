"""`switch`: the first case whose condition holds says where to go."""

from stigmer_dsl.models import SwitchTask, TaskBase

from stigmer_engine.expressions import choice_program
from stigmer_engine.frames import TaskFrame, input_of
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope


async def run_switch(run: Run, task: TaskBase, frame: TaskFrame, scope: Scope) -> Outcome:
    """Output: the input. Without a match and a default, the task's own `then` decides."""
    assert isinstance(task, SwitchTask)
    conditional = [item.case for item in task.switch if item.case.when is not None]
    conditions = tuple(case.when for case in conditional if case.when is not None)
    dot = input_of(frame)
    chosen = None
    if conditions:
        program = run.prepared.program(frame.reference, "switch", lambda: choice_program(conditions, scope.names))
        chosen = await run.evaluate(program, dot, scope)
    if isinstance(chosen, int):
        return Outcome(dot, conditional[chosen].then)
    default = next((item.case for item in task.switch if item.case.when is None), None)
    return Outcome(dot, default.then if default else None)
