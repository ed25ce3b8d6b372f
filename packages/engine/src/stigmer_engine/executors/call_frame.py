"""The frame of a call: its arguments are evaluated once, and its idempotency key is made with them."""

from collections.abc import Awaitable, Callable

from stigmer_dsl.json_types import JsonObject

from stigmer_engine.frames import CallFrame, TaskFrame
from stigmer_engine.interpreter.run import Run


async def open_call(run: Run, frame: TaskFrame, arguments: Callable[[], Awaitable[JsonObject]]) -> CallFrame:
    """The task's call, entered anew or gone on with; `arguments` is awaited only for a new one."""
    call = frame.body
    if call is None:
        evaluated = await arguments()
        call = frame.body = CallFrame(id=run.next_call_id(), arguments=evaluated)
    assert isinstance(call, CallFrame)
    return call
