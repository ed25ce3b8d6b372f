"""Lifecycle events of executions on Temporal, taken from their workers in batches: to LIFECYCLE_SINK_URL."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from stigmer_engine import Fault
from stigmer_engine.bus import EventPublisher
from stigmer_engine.lifecycle_events import LifecycleConfig
from stigmer_engine.runtimes.temporal import LifecycleMoment, LifecycleReceiver
from stigmer_ports.logs import get_logger

from stigmer_runner.durable.rest import Rest

log = get_logger(__name__)

_BATCH_SECONDS: Final = 3.0
_LAST_EVENT_SECONDS: Final = 10.0
_WHILE_RESTING_SECONDS: Final = 1.0
_LAST_BATCH_SECONDS: Final = 90.0
_REMEMBERED: Final = 10_000
# Answers that are about this very event; anything else may be another one for the same event later.
_NEVER_TAKEN: Final = frozenset({400, 405, 406, 409, 410, 411, 413, 414, 415, 422})


class LifecyclePublishing:
    """The `LifecycleReceiver` of a runner's worker.

    The execution waits for it, so it gives up soon: what was not taken comes again with the next batch. Only the last
    batch gets the publisher's whole cycle of tries. Receivers drop repeats by the ids of the events. Nothing that the
    publisher does harms a run.
    """

    def __init__(self, publisher: EventPublisher) -> None:
        self._publisher = publisher
        self._rest = Rest()
        self._broken = False
        self._warned: OrderedDict[str, None] = OrderedDict()

    async def deliver(self, moments: Sequence[LifecycleMoment], *, last: bool) -> int:
        """See `LifecycleReceiver`."""
        resting = self._rest.resting
        if resting and not last:
            return 0
        each = _WHILE_RESTING_SECONDS if resting else _LAST_EVENT_SECONDS
        through = 0
        try:
            async with asyncio.timeout(_LAST_BATCH_SECONDS if last else _BATCH_SECONDS):
                for moment in moments:
                    async with asyncio.timeout(each):
                        await self._publish(moment)
                    through = moment.sequence_number
        except TimeoutError:
            if not through:
                self._missed(moments[0], "it does not answer in time")
        except Fault as unreached:
            self._missed(moments[0], unreached.error.sentence)
        return through

    async def _publish(self, moment: LifecycleMoment) -> None:
        """Publish all of it. Raises Fault, when the publisher could not be reached."""
        for event in moment.events:
            try:
                await self._publisher.publish(event)
            except Fault as problem:
                if problem.error.code != "CONFIGURATION_ERROR" and problem.error.status not in _NEVER_TAKEN:
                    raise
                log.warning("a lifecycle event is given up", event_id=event["id"], why=problem.error.sentence)
            except Exception:
                if not self._broken:
                    self._broken = True
                    log.exception("the publisher of lifecycle events is broken")
            self._rest.reached()

    def _missed(self, moment: LifecycleMoment, why: str) -> None:
        """Leave the receiver alone for a while, and tell it once for each execution."""
        self._rest.missed()
        execution_id = str(moment.events[0]["subject"])
        if execution_id not in self._warned:
            log.warning(
                "lifecycle events could not be sent; the run goes on without", execution_id=execution_id, why=why
            )
        self._warned[execution_id] = None
        self._warned.move_to_end(execution_id)
        while len(self._warned) > _REMEMBERED:
            self._warned.popitem(last=False)


def lifecycle_receiver(config: LifecycleConfig | None) -> LifecycleReceiver | None:
    """What a worker delivers lifecycle events to; None when nobody wants them."""
    return None if config is None else LifecyclePublishing(config.publisher)
