"""A bus that reaches beyond this process over HTTP."""

from collections.abc import Callable

from stigmer_dsl.json_types import JsonObject

from stigmer_engine.bus.memory import InMemoryBus
from stigmer_engine.bus.port import EventPublisher, Subscriber


class HttpBus:
    """Emitted events go to a sink and then to the subscribers here; what comes in from outside, to these only.

    The sink comes first: an emit that failed and is tried again must not be seen twice.
    """

    def __init__(self, sink: EventPublisher) -> None:
        self._sink = sink
        self._local = InMemoryBus()

    async def publish(self, event: JsonObject) -> None:
        """Send the event out, then give it to every subscriber. Raises Fault `communication`."""
        await self._sink.publish(event)
        self._local.receive(event)

    def receive(self, event: JsonObject) -> None:
        """Give an event from outside to every subscriber."""
        self._local.receive(event)

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Get every event from now on; call the result to stop."""
        return self._local.subscribe(subscriber)
