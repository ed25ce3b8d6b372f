"""Lifecycle events on their way from an execution to the receiver of its worker."""

from dataclasses import dataclass

from stigmer_dsl.json_types import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleMoment:
    """The lifecycle CloudEvents that one event of the execution stands for, in order.

    `sequence_number` is that of the event; the ids of the CloudEvents are made of it, so that repeats can be dropped.
    """

    sequence_number: int
    events: tuple[JsonObject, ...]

    def to_json(self) -> JsonObject:
        """Every field under its name."""
        return {"sequence_number": self.sequence_number, "events": list(self.events)}

    @classmethod
    def from_json(cls, shown: JsonObject) -> "LifecycleMoment":
        """The inverse of `to_json`."""
        number, events = shown["sequence_number"], shown["events"]
        assert isinstance(number, int)
        assert isinstance(events, list)
        return cls(sequence_number=number, events=tuple(event for event in events if isinstance(event, dict)))
