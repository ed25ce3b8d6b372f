"""`run: workflow`: another document as a child execution (dsl.md 1.6)."""

from stigmer_dsl.models import RunTask

from stigmer_engine.frames import ChildFrame, TaskFrame, input_of
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.port import ChildRequest
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope


async def run_workflow(run: Run, task: RunTask, frame: TaskFrame, scope: Scope) -> Outcome:
    """Output: the child's; with `return: none`, or `await: false` as soon as it has started, the task's input.

    The child checks its input against its own schema: what does not fit is its fault, and so the task's.

    Raises:
        Fault: the child's; `configuration` when it cannot be started.
    """
    process = task.run.workflow
    assert process is not None
    child = frame.body
    if child is None:
        value = await run.template("run", dict(process.input or {}), input_of(frame), scope)
        child = frame.body = ChildFrame(id=run.next_call_id(), arguments={"input": value})
    assert isinstance(child, ChildFrame)
    request = ChildRequest(
        id=child.id,
        namespace=process.namespace,
        name=process.name,
        version=process.version,
        input=child.arguments["input"],
        awaited=task.run.await_,
    )
    if not task.run.await_:
        await run.start_child(request)
        return Outcome(input_of(frame))
    output = await run.child(request)
    return Outcome(input_of(frame) if task.run.return_ == "none" else output)
