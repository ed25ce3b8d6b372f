"""Events on their way from an execution to the receiver of its worker: in order, at least once, in batches.

A batch is a local activity. There is at most one of them in a workflow task, so that delivery costs no more than one
marker for each; what comes after it waits for the next one. A workflow task ends with its local activities, so a
receiver that does not answer is left alone for a while that doubles.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Generic, Protocol, TypeVar

from stigmer_dsl.json_types import JsonObject
from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError

from stigmer_engine.runtimes.temporal.rules import DeliveryRules

_CARRIED_EVENTS: Final = 20_000
_BATCH_SECONDS: Final = timedelta(seconds=5)
_LAST_SECONDS: Final = timedelta(minutes=2)
_SHORTEST: Final = 0.001
_ONCE: Final = RetryPolicy(maximum_attempts=1)


class Deliverable(Protocol):
    """What can be delivered; `sequence_number` is that of the event that it comes from."""

    @property
    def sequence_number(self) -> int: ...  # noqa: D102 - see above

    def to_json(self) -> JsonObject: ...  # noqa: D102 - see above


_Item = TypeVar("_Item", bound=Deliverable)


class Delivery(Generic[_Item]):
    """Delivers the events of one execution to one receiver.

    Args:
        waiting: events that an earlier run of it could not deliver.
        activity: the local activity that takes a batch, as JSON, and whether it is the last; it gives the sequence
            number up to which everything was taken.
        turning: whether the execution is about to go on in this workflow task, so that more events will come.
    """

    def __init__(
        self, waiting: tuple[_Item, ...], activity: str, rules: DeliveryRules, turning: Callable[[], bool]
    ) -> None:
        self._waiting = list(waiting)
        self._activity = activity
        self._rules = rules
        self._turning = turning
        self._seen_length = -1
        self._rest = 0.0
        self._rest_until = 0.0
        self._busy = False
        self._over = False

    @property
    def busy(self) -> bool:
        """Whether a batch is under way."""
        return self._busy

    def carried(self) -> tuple[_Item, ...]:
        """What the receiver has not acknowledged, for the next run. Of very many, the oldest are given up."""
        given_up = len(self._waiting) - _CARRIED_EVENTS
        if given_up > 0:
            workflow.logger.warning("%d events are given up: nobody has taken them for long", given_up)
        return tuple(self._waiting[-_CARRIED_EVENTS:])

    def add(self, event: _Item) -> None:
        """Take an event; it goes out with the next batch."""
        self._waiting.append(event)

    async def run(self) -> None:
        """Deliver until `finish`. To be run beside everything else."""
        while not self._over:
            try:
                await workflow.wait_condition(self._due, timeout=self._rest or None)
            except TimeoutError:
                # Nothing happened in the execution, but its receiver may be back.
                self._rest_until = 0.0
                continue
            if not self._over:
                await self._send(last=False)

    async def finish(self) -> None:
        """Deliver what is left, and try harder than before: there is no later batch."""
        self._over = True
        await workflow.wait_condition(lambda: not self._busy)
        while self._waiting:
            while workflow.info().get_current_history_length() == self._seen_length:  # noqa: ASYNC110 - no event tells it
                await asyncio.sleep(_SHORTEST)
            if not await self._send(last=True):
                workflow.logger.warning("%d events were not delivered: nobody took them", len(self._waiting))
                return

    def _due(self) -> bool:
        if self._over:
            return True
        if not self._waiting or workflow.info().get_current_history_length() == self._seen_length:
            return False
        if self._turning() and len(self._waiting) < self._rules.soon_events:
            return False
        return workflow.time() >= self._rest_until

    async def _send(self, *, last: bool) -> bool:
        """Deliver a batch; false when the receiver took nothing."""
        self._seen_length = workflow.info().get_current_history_length()
        self._busy = True
        through = 0
        try:
            through = await workflow.execute_local_activity(
                self._activity,
                args=[[event.to_json() for event in self._waiting[: self._rules.batch_events]], last],
                start_to_close_timeout=_LAST_SECONDS if last else _BATCH_SECONDS,
                retry_policy=_ONCE,
                result_type=int,
            )
        except FailureError as error:
            workflow.logger.warning("events were not delivered: %s", error)
        finally:
            self._busy = False
        before = len(self._waiting)
        self._waiting = [event for event in self._waiting if event.sequence_number > through]
        taken = len(self._waiting) < before
        self._rest = 0.0 if taken else self._longer_rest()
        self._rest_until = workflow.time() + self._rest
        return taken

    def _longer_rest(self) -> float:
        return min(max(self._rest * 2, self._rules.first_rest_seconds), self._rules.last_rest_seconds)
