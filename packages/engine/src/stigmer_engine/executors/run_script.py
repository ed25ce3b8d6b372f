"""`run: script`: a script in place or from elsewhere (dsl.md 1.6). The process is a side effect behind the port."""

from stigmer_dsl.models import RunTask

from stigmer_engine.executors.call_resource import fetch
from stigmer_engine.executors.run_result import as_text, process_arguments, run_and_return
from stigmer_engine.frames import CallFrame, TaskFrame, input_of
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope


async def run_script(run: Run, task: RunTask, frame: TaskFrame, scope: Scope) -> Outcome:
    """Output: as `return` says; with `await: false` the input.

    Raises:
        Fault: what fetching the script raised, beside what the process did. What was fetched is never evaluated.
    """
    process = task.run.script
    assert process is not None
    if frame.body is None:
        template = process.model_dump(mode="json", by_alias=True, exclude_none=True)
        source = template.pop("source", None)
        evaluated = await run.template("run", template, input_of(frame), scope)
        assert isinstance(evaluated, dict)
        if source is None:
            code = evaluated["code"]
        else:
            code = (await fetch(run, source, input_of(frame), scope, slot="run.source"))["text"]
        arguments = process_arguments(evaluated, wait=task.run.await_)
        arguments |= {"language": process.language, "code": as_text(code)}
        frame.body = CallFrame(id=run.next_call_id(), arguments=arguments)
    return await run_and_return(run, "script", task, frame)
