"""Calls under way when the runner stops: what does not finish in its grace is tried again by another runner."""

import asyncio
from typing import Any, Final

import temporalio.client
import temporalio.worker
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

STOPPED: Final = "stigmer/runner-stopped"
"""Type of the failure by which Temporal learns that a call is to be tried again."""


class Handover(temporalio.client.Interceptor, temporalio.worker.Interceptor):
    """Knows the activities of the workers of one client, and ends them when there is no time left.

    `handed_over` counts those that were not finished.
    """

    def __init__(self) -> None:
        self.under_way: set[asyncio.Task[Any]] = set()
        self.hurried = False
        self.handed_over = 0

    def hurry(self) -> None:
        """End what is under way now; nothing waits for its grace any more."""
        self.hurried = True
        for task in self.under_way:
            task.cancel()

    def intercept_activity(
        self,
        next: temporalio.worker.ActivityInboundInterceptor,  # noqa: A002 - the SDK's own name
    ) -> temporalio.worker.ActivityInboundInterceptor:
        """Stand around every activity."""
        return _Watched(next, self)


class _Watched(temporalio.worker.ActivityInboundInterceptor):
    def __init__(self, following: temporalio.worker.ActivityInboundInterceptor, handover: Handover) -> None:
        super().__init__(following)
        self._handover = handover

    async def execute_activity(self, input: temporalio.worker.ExecuteActivityInput) -> Any:  # noqa: A002
        task = asyncio.current_task()
        assert task is not None
        self._handover.under_way.add(task)
        try:
            return await super().execute_activity(input)
        except asyncio.CancelledError:
            details = activity.cancellation_details()
            if self._handover.hurried or (details is not None and details.worker_shutdown):
                self._handover.handed_over += 1
                # As a cancellation it would look as if the execution had wanted it.
                raise ApplicationError(
                    "the runner stopped; the call is tried again",
                    type=STOPPED,
                    category=ApplicationErrorCategory.BENIGN,
                ) from None
            raise
        finally:
            self._handover.under_way.discard(task)
