"""The bus inside one process."""

import logging
from collections.abc import Callable

from stigmer_dsl.json_types import JsonObject

from stigmer_engine.bus.port import Subscriber

_log = logging.getLogger(__name__)


class InMemoryBus:
    """Gives every event to every subscriber at once, in the order of subscription. Keeps nothing.

    Must be used from one event loop.
    """

    def __init__(self) -> None:
        self._subscribers: dict[int, Subscriber] = {}
        self._next = 0

    async def publish(self, event: JsonObject) -> None:
        """Give the event to every subscriber."""
        self.receive(event)

    def receive(self, event: JsonObject) -> None:
        """Give the event to every subscriber."""
        for subscriber in tuple(self._subscribers.values()):
            try:
                subscriber(event)
            except Exception:
                # One subscriber's defect is nobody else's loss.
                _log.exception("a subscriber could not take the event %s", event.get("id"))

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Get every event from now on; call the result to stop."""
        number = self._next
        self._next += 1
        self._subscribers[number] = subscriber

        def stop() -> None:
            self._subscribers.pop(number, None)

        return stop
