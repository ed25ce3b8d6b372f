"""What can be told about lifecycle events."""

from dataclasses import dataclass

from stigmer_engine.bus.port import EventPublisher


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleConfig:
    """Where lifecycle events go.

    Attributes:
        publisher: gets each event, in order within an execution; what it raises is logged, and the event is lost.
        status_changes: whether the optional `status-changed` events are published too.
        output_base: the address of an execution without its id, such as
            `https://runner.example/api/v1/executions`; `outputUri` is left out when empty.
        closing_seconds: how long the engine waits at its end for events that are still on their way.
    """

    publisher: EventPublisher
    status_changes: bool = False
    output_base: str = ""
    closing_seconds: float = 5.0
