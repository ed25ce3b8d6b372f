"""`run: shell`: a command line (dsl.md 1.6). The process itself is a side effect behind the port."""

from stigmer_dsl.models import RunTask

from stigmer_engine.executors.run_result import as_text, process_arguments, run_and_return
from stigmer_engine.frames import CallFrame, TaskFrame, input_of
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope


async def run_shell(run: Run, task: RunTask, frame: TaskFrame, scope: Scope) -> Outcome:
    """Output: as `return` says; with `await: false` the input."""
    process = task.run.shell
    assert process is not None
    if frame.body is None:
        template = process.model_dump(mode="json", by_alias=True, exclude_none=True)
        evaluated = await run.template("run", template, input_of(frame), scope)
        assert isinstance(evaluated, dict)
        arguments = process_arguments(evaluated, wait=task.run.await_)
        arguments["command"] = as_text(evaluated["command"])
        frame.body = CallFrame(id=run.next_call_id(), arguments=arguments)
    return await run_and_return(run, "shell", task, frame)
