"""Cancellations of tasks that wait for Temporal."""

import asyncio


def raise_if_cancelled() -> None:
    """Raise CancelledError when the task that calls this is being cancelled, though what it waited for came to its end.

    The SDK gives the end of an activity that was being cancelled, and keeps the cancellation to itself.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
