"""Attempts at a call as attempts of its activity: what one leaves to the next lies in the heartbeat."""

from stigmer_dsl.json_types import JsonValue
from temporalio import activity


class ActivityAttempt:
    """The attempt of the activity that runs here; see `calls.attempt.Attempt`."""

    def __init__(self) -> None:
        info = activity.info()
        self.repeated = info.attempt > 1
        self.noted: JsonValue = info.heartbeat_details[0] if info.heartbeat_details else None
        self._last = self.noted

    @property
    def goes_on(self) -> bool:
        """Whether it is only this attempt that ends: with its worker, or as Temporal thought it lost.

        Temporal forgets the attempts of a terminated execution as it forgets lost ones, so those count as going on.
        """
        details = activity.cancellation_details()
        return details is None or not details.cancel_requested

    def note(self, value: JsonValue) -> None:
        """Leave something for the next attempt."""
        self._last = value
        self.beat()

    def beat(self) -> None:
        """Give a sign of life. What was noted goes along, as each heartbeat replaces the one before."""
        if self._last is None:
            activity.heartbeat()
        else:
            activity.heartbeat(self._last)
