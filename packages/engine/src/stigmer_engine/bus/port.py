"""The port of the event bus. Events are CloudEvents in JSON format, and nobody changes one that was published."""

from collections.abc import Callable
from typing import Protocol

from stigmer_dsl.json_types import JsonObject

Subscriber = Callable[[JsonObject], object]
"""Takes an event at once: it must not block and must not fail."""


class EventPublisher(Protocol):
    """Somewhere for events to go."""

    async def publish(self, event: JsonObject) -> None:
        """Hand the event over.

        Raises:
            Fault: `communication`, when nobody took it.
        """
        ...


class EventBus(EventPublisher, Protocol):
    """Where executions publish what they emit, and get what others publish."""

    def receive(self, event: JsonObject) -> None:
        """Take in an event from outside: it goes to the subscribers, and not out again."""
        ...

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Get every event from now on, in order; call the result to stop."""
        ...
