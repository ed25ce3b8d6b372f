"""Temporal's messages as CloudEvents: what a signal or an update hands to the tasks that listen.

The message `event` carries a CloudEvent. Any other name is an event of its own: its type is the name, its data the
first argument. Where a document listens for a message by kind, as `{id: NAME, type: signal}` (what the converter makes
of LISTEN, and how Zigflow writes it), the event has that `id` and `type` instead.
"""

import base64
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal

from stigmer_dsl.json_types import JsonObject, JsonValue
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from stigmer_engine.cloud_events import InvalidEvent, check_event
from stigmer_engine.interpreter.scope import iso8601
from stigmer_engine.json_text import read_json
from stigmer_engine.runtimes.temporal.names import EVENT_SIGNAL

MessageKind = Literal["signal", "update"]

_KINDS: Final = ("signal", "update", "query")
_SOURCE: Final = "/temporal"
_STRATEGIES: Final = ("one", "any", "all", "until")


class NamedMessages:
    """The messages that a document listens for by their kind.

    Args:
        raw: the document as written.
    """

    def __init__(self, raw: JsonObject) -> None:
        self._named = frozenset(_named(raw))

    def names(self, kind: str, name: str) -> bool:
        """Whether a filter names this message of this kind (`signal`, `update` or `query`)."""
        return (kind, name) in self._named

    def event_of(
        self, kind: MessageKind, name: str, arguments: Sequence[RawValue], new_id: Callable[[], str]
    ) -> JsonObject:
        """The CloudEvent that a message is.

        Args:
            new_id: gives the id of an event that has none of its own; on replay, the same.

        Raises:
            InvalidEvent: the message `event` carries none, or an argument is no JSON.
        """
        if name == EVENT_SIGNAL:
            return _carried_event(arguments)
        event: JsonObject = {
            "specversion": "1.0",
            "id": new_id(),
            "source": f"{_SOURCE}/{kind}",
            "type": name,
            "time": iso8601(workflow.time()),
        }
        if self.names(kind, name):
            # An id that repeats needs a source that does not: both together name an event.
            event |= {"source": f"{_SOURCE}/{kind}/{event['id']}", "id": name, "type": kind}
        if arguments:
            event |= _data(arguments[0].payload)
        return check_event(event)


def _carried_event(arguments: Sequence[RawValue]) -> JsonObject:
    """The CloudEvent that the message `event` carries as its only argument.

    Raises:
        InvalidEvent: it is none.
    """
    if len(arguments) != 1:
        raise InvalidEvent(f"the message carries {len(arguments)} arguments; a CloudEvent in JSON format is wanted")
    event = _data(arguments[0].payload).get("data")
    if not isinstance(event, dict):
        raise InvalidEvent("the argument is not an object; a CloudEvent in JSON format is wanted")
    return check_event(event)


def _data(payload: Payload) -> JsonObject:
    """`data`, or `data_base64` for bytes. Raises InvalidEvent."""
    encoding = payload.metadata.get("encoding", b"").decode(errors="replace")
    match encoding:
        case "json/plain" | "json/protobuf":
            try:
                return {"datacontenttype": "application/json", "data": read_json(payload.data)}
            except ValueError as error:
                raise InvalidEvent(f"the argument cannot be read: {error}") from error
        case "binary/null":
            return {"data": None}
        case "binary/plain":
            return {"data_base64": base64.b64encode(payload.data).decode()}
    raise InvalidEvent(f"the argument is encoded as {encoding!r}; JSON or bytes are wanted")


def _named(value: JsonValue) -> Iterator[tuple[str, str]]:
    for item in filters(value):
        name, kind = item.get("id"), item.get("type")
        if isinstance(name, str) and kind in _KINDS:
            yield str(kind), name


def filters(value: JsonValue) -> Iterator[JsonObject]:
    """`with` of every filter of every `listen` in a document as written."""
    if isinstance(value, dict):
        listen = value.get("listen")
        if isinstance(listen, dict):
            yield from _of_strategy(listen.get("to"))
        for item in value.values():
            yield from filters(item)
    elif isinstance(value, list):
        for item in value:
            yield from filters(item)


def _of_strategy(strategy: JsonValue) -> Iterator[JsonObject]:
    if not isinstance(strategy, dict):
        return
    for name in _STRATEGIES:
        found = strategy.get(name)
        if name == "until":
            yield from _of_strategy(found)
            continue
        for item in found if isinstance(found, list) else [found]:
            wanted = item.get("with") if isinstance(item, dict) else None
            if isinstance(wanted, dict):
                yield wanted
        if found == []:
            yield {}
