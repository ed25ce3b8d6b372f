"""What an execution listens to, as the index of Temporal keeps it: so an event finds those that may want it."""

from collections.abc import Iterable
from typing import Final

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.runtimes.temporal.message_events import filters

EVERYTHING: Final = "*"
NOTHING: Final = "-"
_MOST: Final = 20
_LONGEST: Final = 100
# Marks of regular expressions and of runtime expressions: such a filter may match any type.
_MARKS: Final = frozenset("\\^$*+?()[]{}|")


def listened_types(raw: JsonObject) -> tuple[str, ...]:
    """The types of events that a document may listen to, sorted; `*` alone when they cannot be told.

    Args:
        raw: the document as written. It does listen, or calls a function from elsewhere, which may.
    """
    found = {_type_of(wanted) for wanted in filters(raw)}
    if not found or EVERYTHING in found or len(found) > _MOST or _calls_from_elsewhere(raw):
        return (EVERYTHING,)
    return tuple(sorted(found))


def wants(types: Iterable[str], event: JsonObject) -> bool:
    """Whether an event may be for an execution that listens to these types."""
    return any(name in (EVERYTHING, event.get("type")) for name in types)


def _type_of(wanted: JsonObject) -> str:
    kind = wanted.get("type")
    if not isinstance(kind, str) or len(kind) > _LONGEST or _MARKS.intersection(kind):
        return EVERYTHING
    return kind


def _calls_from_elsewhere(value: JsonValue) -> bool:
    if isinstance(value, dict):
        called = value.get("call")
        if isinstance(called, str) and ("@" in called or ":" in called):
            return True
        return any(map(_calls_from_elsewhere, value.values()))
    return isinstance(value, list) and any(map(_calls_from_elsewhere, value))
