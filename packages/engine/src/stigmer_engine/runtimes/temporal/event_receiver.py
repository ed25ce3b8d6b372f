"""Where a worker delivers the events of its executions."""

from collections.abc import Sequence
from typing import Protocol

from stigmer_engine.events import ProgressEvent
from stigmer_engine.runtimes.temporal.lifecycle_moment import LifecycleMoment


class EventReceiver(Protocol):
    """Takes the events of executions; must get the same event twice without harm."""

    async def deliver(self, events: Sequence[ProgressEvent], *, last: bool) -> int:
        """Take events of one execution, in order.

        Must return soon, as the execution waits for it: a receiver that cannot be reached is not tried again and
        again. With `last` it is, for one whole cycle of tries, as no later call brings these events.

        Returns:
            The sequence number up to which everything was taken; 0 for nothing.
        """
        ...


class LifecycleReceiver(Protocol):
    """Takes the lifecycle events of executions."""

    async def deliver(self, moments: Sequence[LifecycleMoment], *, last: bool) -> int:
        """Take what happened in one execution, in order; otherwise as `EventReceiver.deliver`."""
        ...
