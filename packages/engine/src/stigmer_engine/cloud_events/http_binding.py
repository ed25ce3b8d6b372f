"""CloudEvents over HTTP (HTTP protocol binding 1.0.2): binary, structured and batch mode, both ways.

The SDK of the CloudEvents working group does the binary mode: names, percent-encoding, checks. It gets and gives data
as bytes, because it would write an array as the text of a Python list. Structured and batch mode are the JSON that
events are here anyway; the SDK would write `time` anew.
"""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NoReturn
from urllib.parse import unquote

from cloudevents.core.bindings.http import HTTPMessage, from_binary, to_binary
from cloudevents.core.exceptions import BaseCloudEventException
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.cloud_events.event import (
    ContentMode,
    InvalidEvent,
    UnknownMode,
    check_event,
    data_bytes,
    is_json,
)

STRUCTURED_TYPE: Final = "application/cloudevents+json"
BATCH_TYPE: Final = "application/cloudevents-batch+json"
_DEFAULT_TYPE: Final = "application/json"
_PREFIX: Final = "ce-"
_TIME: Final = "ce-time"


class _BytesFormat(JSONFormat):
    """Leaves the body alone: what it means is for `_with_data` to say."""

    def read_data(self, body: bytes, datacontenttype: str | None) -> bytes:  # noqa: ARG002 - the SDK's signature
        return body


def encode(event: JsonObject, mode: ContentMode) -> tuple[dict[str, str], bytes]:
    """Headers and body of a request that carries the event.

    Raises:
        InvalidEvent: it cannot be said in this mode.
    """
    check_event(event)
    if mode == "structured":
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
        return {"content-type": f"{STRUCTURED_TYPE}; charset=utf-8"}, body
    attributes: dict[str, object] = {
        name: _header_text(value) for name, value in event.items() if name not in ("data", "data_base64", "time")
    }
    time = event.get("time")
    # Given as text it would be refused; left out it would be made up.
    attributes["time"] = datetime.fromisoformat(str(time)) if time is not None else _absent_time()
    try:
        message = to_binary(CloudEvent(attributes, data_bytes(event)), _BytesFormat())
    except BaseCloudEventException as error:
        raise InvalidEvent(str(error)) from error
    headers = dict(message.headers)
    if time is None:
        del headers[_TIME]
    else:
        headers[_TIME] = str(time)
    if message.body:
        headers.setdefault("content-type", _DEFAULT_TYPE)
    return headers, message.body


def decode(headers: Mapping[str, str], body: bytes, *, max_events: int) -> list[JsonObject]:
    """The events of a message; one, except in batch mode.

    Args:
        headers: with names in lower case.

    Raises:
        UnknownMode: neither structured, nor batch, nor binary.
        InvalidEvent: the message or one of its events is not valid, or there are more than `max_events`.
    """
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media == STRUCTURED_TYPE:
        return [_structured(_json(body))]
    if media == BATCH_TYPE:
        events = _json(body)
        if not isinstance(events, list):
            raise InvalidEvent("a batch is an array of events")
        if len(events) > max_events:
            raise InvalidEvent(f"the batch has {len(events)} events; at most {max_events} are taken")
        return [_structured(event) for event in events]
    if media.startswith("application/cloudevents"):
        raise UnknownMode(f"the event format {media!r} is not supported; use {STRUCTURED_TYPE}")
    if any(name.startswith(_PREFIX) for name in headers):
        return [_binary(headers, body)]
    raise UnknownMode(f"send {STRUCTURED_TYPE}, {BATCH_TYPE}, or `ce-` headers with the data as the body")


def _structured(event: JsonValue) -> JsonObject:
    if not isinstance(event, dict):
        raise InvalidEvent("an event is an object")
    # The JSON format lets a sender say null for "not there" (section 2.2).
    return check_event({name: value for name, value in event.items() if value is not None or name == "data"})


def _binary(headers: Mapping[str, str], body: bytes) -> JsonObject:
    try:
        # The time stays the text that it is; `check_event` looks at it.
        untimed = {name: value for name, value in headers.items() if name != _TIME}
        message = HTTPMessage(headers=untimed, body=body)
        parsed = from_binary(message, _BytesFormat(), _keep).get_attributes()
    except (BaseCloudEventException, ValueError, OverflowError) as error:
        raise InvalidEvent(str(error)) from error
    event: JsonObject = {name: value for name, value in parsed.items() if name != "time"}
    if _TIME in headers:
        event["time"] = unquote(headers[_TIME])
    content_type = headers.get("content-type")
    if body:
        event.update(_with_data(body, content_type))
    return check_event(event)


def _keep(attributes: dict[str, object], data: object) -> CloudEvent:
    """Build the SDK's event without what it would invent for missing attributes."""
    if "id" not in attributes:
        raise InvalidEvent("the attribute `id` is missing")
    if "specversion" not in attributes:
        raise InvalidEvent("the attribute `specversion` is missing")
    return CloudEvent({"time": _absent_time(), **attributes}, data if isinstance(data, bytes) else None)


def _with_data(body: bytes, content_type: str | None) -> JsonObject:
    if is_json(content_type):
        return {"data": _json(body)}
    media = (content_type or "").partition(";")[0].strip().lower()
    if media.startswith("text/") or media.endswith(("/xml", "+xml", "/yaml", "+yaml")):
        try:
            return {"data": body.decode()}
        except UnicodeDecodeError:
            pass
    return {"data_base64": base64.b64encode(body).decode()}


def _json(body: bytes) -> JsonValue:
    try:
        value: JsonValue = json.loads(body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidEvent(f"the body is not JSON: {error}") from None
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")


def _header_text(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _absent_time() -> datetime:
    return datetime.fromisoformat("1970-01-01T00:00:00+00:00")
