"""Events from outside, for executions on Temporal."""

from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from stigmer_dsl import JsonObject
from stigmer_engine import Fault
from stigmer_engine.bus import EventSourceConfig, event_source
from stigmer_engine.bus.port import Subscriber
from stigmer_engine.runtimes.temporal import TemporalBus

from stigmer_runner.refusals import Reason, Refused

_ACCEPTED: Final = 202


class DurableEventSource:
    """The ASGI application that takes events in: it answers 202 only when every execution that listens has them.

    Raises Refused when Temporal does not take them; whoever sent them may then send them again.
    """

    def __init__(self, bus: TemporalBus, bounds: EventSourceConfig) -> None:
        self._bus = bus
        self._bounds = bounds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        taken = _Taken()
        source: ASGIApp = event_source(taken, self._bounds)

        async def answer(message: Message) -> None:
            if message.get("status") == _ACCEPTED:
                for event in taken.events:
                    await self._deliver(event)
            await send(message)

        await source(scope, receive, answer)

    async def _deliver(self, event: JsonObject) -> None:
        try:
            await self._bus.deliver(event)
        except Fault as problem:
            raise Refused(
                Reason.TEMPORAL_UNAVAILABLE, f"the event {event.get('id')!r} did not reach every execution: {problem}"
            ) from None


class _Taken:
    """Collects the events of one request."""

    def __init__(self) -> None:
        self.events: list[JsonObject] = []

    async def publish(self, event: JsonObject) -> None:
        self.receive(event)

    def receive(self, event: JsonObject) -> None:
        self.events.append(event)

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        del subscriber
        return lambda: None
