"""Names of activities and queues as Temporal takes them: others would fail the workflow task again and again."""

from typing import Final

from stigmer_dsl.json_types import JsonValue

from stigmer_engine.faults import fault

_MOST_BYTES: Final = 1000
"""Temporal's default limit."""
_OF_TEMPORAL: Final = "/_sys/"


def refuse_unusable_name(name: JsonValue) -> None:
    """Refuse a name of an activity that no server takes. Raises Fault `configuration`."""
    _refuse_too_long("The name of an activity", str(name))


def refuse_unusable_queue(queue: JsonValue) -> None:
    """Refuse a task queue that no server takes; None is the usual one. Raises Fault `configuration`."""
    if queue is None:
        return
    text = str(queue)
    _refuse_too_long("The task queue of an activity", text)
    if not text.strip():
        raise fault("configuration", "The task queue of an activity is blank")
    if text.startswith(_OF_TEMPORAL):
        raise fault("configuration", f"Task queues whose names begin with {_OF_TEMPORAL} are Temporal's own")


def _refuse_too_long(what: str, text: str) -> None:
    size = len(text.encode())
    if size > _MOST_BYTES:
        raise fault("configuration", f"{what} is too long", f"it has {size} bytes; Temporal takes {_MOST_BYTES}")
