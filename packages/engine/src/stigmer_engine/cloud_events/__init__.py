"""CloudEvents 1.0 as JSON objects: what the workflow sees, whatever carried them."""

from stigmer_engine.cloud_events.event import InvalidEvent, check_event, read_event

__all__ = ["InvalidEvent", "check_event", "read_event"]
