"""Events on their way from an execution to the receiver of its worker: in order, at least once, in batches.

A batch is a local activity. There is at most one of them in a workflow task, so that delivery costs no more than one
marker for each; what comes after it waits for the next one.
"""

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from stigmer_engine.events import ProgressEvent
from stigmer_engine.runtimes.temporal.names import DELIVER_ACTIVITY

_BATCH_SECONDS: Final = timedelta(seconds=30)
_LAST_SECONDS: Final = timedelta(minutes=2)
_ONCE: Final = RetryPolicy(maximum_attempts=1)


class Delivery:
    """Delivers the events of one execution.

    Args:
        waiting: events that an earlier run of it could not deliver.
    """

    def __init__(self, waiting: tuple[ProgressEvent, ...]) -> None:
        self._waiting = list(waiting)
        self._seen_length = -1
        self._busy = False
        self._over = False

    @property
    def busy(self) -> bool:
        """Whether a batch is under way."""
        return self._busy

    @property
    def waiting(self) -> tuple[ProgressEvent, ...]:
        """What the receiver has not acknowledged."""
        return tuple(self._waiting)

    def add(self, event: ProgressEvent) -> None:
        """Take an event; it goes out with the next batch."""
        self._waiting.append(event)

    async def run(self) -> None:
        """Deliver until `finish`. To be run beside everything else."""
        while not self._over:
            await workflow.wait_condition(self._due)
            if not self._over:
                await self._send(last=False)

    async def finish(self) -> None:
        """Deliver what is left, and try harder than before: there is no later batch."""
        self._over = True
        await workflow.wait_condition(lambda: not self._busy)
        if self._waiting:
            await self._send(last=True)
        if self._waiting:
            workflow.logger.warning("%d events were not delivered: nobody took them", len(self._waiting))

    def _due(self) -> bool:
        length = workflow.info().get_current_history_length()
        return self._over or (bool(self._waiting) and length != self._seen_length)

    async def _send(self, *, last: bool) -> None:
        self._seen_length = workflow.info().get_current_history_length()
        self._busy = True
        try:
            through: int = await workflow.execute_local_activity(
                DELIVER_ACTIVITY,
                args=[[event.to_json() for event in self._waiting], last],
                start_to_close_timeout=_LAST_SECONDS if last else _BATCH_SECONDS,
                retry_policy=_ONCE,
                result_type=int,
            )
        except ActivityError:
            return
        finally:
            self._busy = False
        self._waiting = [event for event in self._waiting if event.sequence_number > through]
