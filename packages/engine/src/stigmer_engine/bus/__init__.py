"""The event bus: how events reach executions, and where emitted ones go."""

from stigmer_engine.bus.http_bus import HttpBus
from stigmer_engine.bus.http_sink import HttpSink, HttpSinkConfig, RetryLimit
from stigmer_engine.bus.http_source import EventSourceConfig, event_source
from stigmer_engine.bus.memory import InMemoryBus
from stigmer_engine.bus.port import EventBus, EventPublisher, Subscriber

__all__ = [
    "EventBus",
    "EventPublisher",
    "EventSourceConfig",
    "HttpBus",
    "HttpSink",
    "HttpSinkConfig",
    "InMemoryBus",
    "RetryLimit",
    "Subscriber",
    "event_source",
]
