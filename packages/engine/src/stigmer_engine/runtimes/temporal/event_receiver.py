"""Where a worker delivers the events of its executions."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from stigmer_engine.events import ProgressEvent
from stigmer_engine.runtimes.temporal.lifecycle_moment import LifecycleMoment

_Item = TypeVar("_Item", contravariant=True)


class Receiver(Protocol[_Item]):
    """Takes what happens in executions; must get the same twice without harm."""

    async def deliver(self, items: Sequence[_Item], /, *, last: bool) -> int:
        """Take what happened in one execution, in order.

        Must return soon, as the execution waits for it: a receiver that cannot be reached is not tried again and
        again. With `last` it is, for one whole cycle of tries, as no later call brings these items.

        Returns:
            The sequence number up to which everything was taken; 0 for nothing.
        """
        ...


EventReceiver = Receiver[ProgressEvent]
"""Takes the events of executions."""

LifecycleReceiver = Receiver[LifecycleMoment]
"""Takes the lifecycle events of executions."""
