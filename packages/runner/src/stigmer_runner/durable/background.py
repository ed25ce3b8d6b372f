"""Work beside everything else, as long as the process lives."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack


def in_background(work: Coroutine[object, object, None], stack: AsyncExitStack, *, name: str) -> None:
    """Do it until the stack is closed."""
    task = asyncio.create_task(work, name=name)

    async def end() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(end)
