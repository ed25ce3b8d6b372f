"""One task for each run and sink that reads the run's event log to its end."""

import asyncio
from collections.abc import Callable

from stigmer_engine import ProgressEvent
from stigmer_ports.logs import get_logger

from stigmer_runner.executions import Run

Take = Callable[[ProgressEvent], None]


class Followers:
    """Feeds events to a function that takes them at once. What the function raises is logged and harms no run."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._log = get_logger(__name__)
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, run: Run, take: Take) -> None:
        """Hand every event of the run to `take`, in order, past and future."""
        task = asyncio.create_task(self._feed(run, take), name=f"{self._name} {run.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self, seconds: float) -> None:
        """Wait until every followed run has ended and its last event is handed over; give up after `seconds`."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in tuple(self._tasks):
            task.cancel()

    async def _feed(self, run: Run, take: Take) -> None:
        async for event in run.log.follow():
            try:
                take(event)
            except Exception:
                self._log.exception("sink failed", sink=self._name, execution_id=run.id, event_type=event.event_type)
