"""What becomes of each event outside of its execution: it goes to those receivers that the start names.

Each receiver has a delivery of its own, so that one that cannot be reached holds up no other.
"""

import asyncio
from collections.abc import Callable

from stigmer_engine.events import ProgressEvent
from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.lifecycle_events import LifecycleTranslation
from stigmer_engine.runtimes.temporal.delivery import Delivery
from stigmer_engine.runtimes.temporal.lifecycle_moment import LifecycleMoment
from stigmer_engine.runtimes.temporal.names import DELIVER_ACTIVITY, LIFECYCLE_ACTIVITY
from stigmer_engine.runtimes.temporal.start import LifecycleRules, Start, Undelivered


class Deliveries:
    """The deliveries of one execution.

    Args:
        undelivered: what an earlier run of it has left.
        turning: see `Delivery`.
    """

    def __init__(
        self, start: Start, prepared: PreparedDocument, undelivered: Undelivered, turning: Callable[[], bool]
    ) -> None:
        rules = start.rules.delivery
        self._events = Delivery(undelivered.events, DELIVER_ACTIVITY, rules, turning) if start.reports else None
        self._lifecycle = (
            Delivery(undelivered.lifecycle, LIFECYCLE_ACTIVITY, rules, turning) if start.lifecycle else None
        )
        self._translation = _translation(prepared, start.lifecycle or LifecycleRules(), undelivered.open_tasks)
        self._running: list[asyncio.Future[None]] = []

    @property
    def busy(self) -> bool:
        """Whether a batch is under way."""
        return any(delivery is not None and delivery.busy for delivery in (self._events, self._lifecycle))

    def begin(self) -> None:
        """Deliver beside everything else, until `finish`."""
        for delivery in (self._events, self._lifecycle):
            if delivery is not None:
                self._running.append(asyncio.ensure_future(delivery.run()))

    def add(self, event: ProgressEvent) -> None:
        """Take an event."""
        if self._events is not None:
            self._events.add(event)
        if self._lifecycle is not None:
            translated = self._translation.translate(event)
            if translated:
                self._lifecycle.add(LifecycleMoment(sequence_number=event.sequence_number, events=tuple(translated)))

    async def finish(self) -> None:
        """Deliver what is left, and try harder than before: there is no later batch."""
        await asyncio.gather(
            *(delivery.finish() for delivery in (self._events, self._lifecycle) if delivery is not None)
        )

    def carried(self) -> Undelivered:
        """What the receivers have not acknowledged, for the next run."""
        return Undelivered(
            events=self._events.carried() if self._events is not None else (),
            lifecycle=self._lifecycle.carried() if self._lifecycle is not None else (),
            open_tasks=self._translation.open_tasks,
        )


def _translation(
    prepared: PreparedDocument, rules: LifecycleRules, open_tasks: tuple[str, ...]
) -> LifecycleTranslation:
    return LifecycleTranslation(
        prepared.workflow.document,
        prepared.raw,
        status_changes=rules.status_changes,
        output_base=rules.output_base,
        open_tasks=open_tasks,
    )
