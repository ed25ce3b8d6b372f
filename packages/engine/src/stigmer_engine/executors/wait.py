"""`wait`: time that passes (decision A17: the input goes through)."""

from stigmer_dsl.models import TaskBase, WaitTask

from stigmer_engine.frames import TaskFrame, WaitFrame, input_of
from stigmer_engine.interpreter.lifecycle import duration_seconds
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope


async def run_wait(run: Run, task: TaskBase, frame: TaskFrame, scope: Scope) -> Outcome:
    """Output: the input, when the time is over."""
    assert isinstance(task, WaitTask)
    waiting = frame.body
    if waiting is None:
        seconds = await duration_seconds(run, "wait", task.wait, input_of(frame), scope)
        waiting = frame.body = WaitFrame(until=run.runtime.now() + seconds)
    assert isinstance(waiting, WaitFrame)
    await run.sleep_until(waiting.until, f"wait: {frame.name}")
    return Outcome(input_of(frame))
