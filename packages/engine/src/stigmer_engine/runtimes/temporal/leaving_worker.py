"""A Temporal worker that is left behind when it does not stop, as when Temporal itself has gone."""

import asyncio
import logging
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

from temporalio.worker import Worker

_log = logging.getLogger(__name__)

# Beside their grace, calls that were cut need a moment to end, and to be told of.
_MORE_SECONDS: Final = 3.0


class LeavingWorker:
    """A worker as a context, which ends in bounded time.

    The SDK's own waits until Temporal has taken what the worker has to tell, which it may never do. What is left behind
    ends with the process; Temporal gives its calls and executions to other workers by their timeouts.

    Args:
        grace: for calls under way, as the worker has it.
    """

    def __init__(self, worker: Worker, grace: timedelta) -> None:
        self._worker = worker
        self._seconds = grace.total_seconds() + _MORE_SECONDS
        self._left = False

    @property
    def running(self) -> bool:
        """Whether it takes work."""
        return not self._left and self._worker.is_running

    async def shutdown(self) -> None:
        """Take nothing more; return when it has stopped, or a few seconds after the grace for calls under way."""
        if self._left:
            return
        try:
            async with asyncio.timeout(self._seconds):
                await self._worker.shutdown()
        except TimeoutError:
            self.leave()

    def leave(self) -> None:
        """Wait for it no longer."""
        if not self._left:
            self._left = True
            _log.warning(
                "the worker of the task queue %s did not stop in time, and is left; is Temporal gone? "
                "Others go on with its work when Temporal is back",
                self._worker.task_queue,
            )

    async def __aenter__(self) -> Self:
        await self._worker.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.shutdown()
        if not self._left:
            await self._worker.__aexit__(kind, error, trace)
