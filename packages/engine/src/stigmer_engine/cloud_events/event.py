"""A CloudEvent in its JSON event format (CloudEvents 1.0.2): attributes, and `data` or `data_base64`."""

import base64
import binascii
import json
import re
from datetime import datetime
from typing import Final, Literal

from stigmer_dsl.json_types import JsonObject, JsonValue

SPEC_VERSION: Final = "1.0"
_REQUIRED: Final = ("id", "source", "type")
_TEXTS: Final = (*_REQUIRED, "specversion", "subject", "datacontenttype", "dataschema", "time")
_DATA: Final = ("data", "data_base64")
_NAME: Final = re.compile(r"[a-z0-9]+", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_JSON: Final = re.compile(r"[^/;\s]+/(?:[^/;\s]+\+)?json\s*(?:;.*)?", re.ASCII | re.IGNORECASE)

ReadMode = Literal["data", "envelope", "raw"]
ContentMode = Literal["structured", "binary"]
"""How a message of HTTP carries an event: as one JSON document, or as headers and a body."""


class InvalidEvent(ValueError):
    """Not a CloudEvent of version 1.0; the text says what is wrong with it."""


class UnknownMode(InvalidEvent):
    """The message is in no mode of the binding."""


def check_event(event: JsonObject) -> JsonObject:
    """The event itself, once it is known to be one.

    Raises:
        InvalidEvent: an attribute is missing, empty, or of the wrong type (CloudEvents 1.0.2, section 3).
    """
    if event.get("specversion") != SPEC_VERSION:
        raise InvalidEvent(f"`specversion` is {event.get('specversion')!r}; only {SPEC_VERSION!r} is supported")
    for name in _REQUIRED:
        if name not in event:
            raise InvalidEvent(f"the attribute `{name}` is missing")
    for name, value in event.items():
        if name not in _DATA:
            _check_attribute(name, value)
    if "time" in event:
        _check_time(str(event["time"]))
    if "data_base64" in event:
        if "data" in event:
            raise InvalidEvent("there is both `data` and `data_base64`")
        decode_base64(event["data_base64"])
    return event


def _check_attribute(name: str, value: JsonValue) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidEvent(f"`{name}` is not the name of an attribute: lower-case letters and digits only")
    if name in _TEXTS:
        if not isinstance(value, str):
            raise InvalidEvent(f"the attribute `{name}` is not text")
        if not value:
            raise InvalidEvent(f"the attribute `{name}` is empty")
        if _CONTROL.search(value):
            raise InvalidEvent(f"the attribute `{name}` contains a control character")
    elif not isinstance(value, str | bool | int):
        raise InvalidEvent(f"the extension attribute `{name}` is neither text, whole number nor boolean")
    elif isinstance(value, str) and _CONTROL.search(value):
        raise InvalidEvent(f"the extension attribute `{name}` contains a control character")


def _check_time(text: str) -> None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidEvent(f"`time` is not a date and time of RFC 3339: {text!r}") from None
    if moment.tzinfo is None:
        raise InvalidEvent(f"`time` has no time zone: {text!r}")


def decode_base64(value: JsonValue) -> bytes:
    """The bytes of `data_base64`. Raises InvalidEvent."""
    if not isinstance(value, str):
        raise InvalidEvent("`data_base64` is not text")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidEvent("`data_base64` is not base64") from None


def is_json(content_type: str | None) -> bool:
    """Whether data of this content type is JSON; without one it is (CloudEvents JSON format, section 3.1)."""
    return content_type is None or _JSON.fullmatch(content_type.strip()) is not None


def data_bytes(event: JsonObject) -> bytes:
    """The event's data as the bytes of a message body; nothing for an event without data."""
    if "data_base64" in event:
        return decode_base64(event["data_base64"])
    if "data" not in event:
        return b""
    data = event["data"]
    content_type = event.get("datacontenttype")
    if isinstance(data, str) and not is_json(content_type if isinstance(content_type, str) else None):
        return data.encode(errors="replace")
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def read_event(event: JsonObject, mode: ReadMode) -> JsonValue:
    """What a workflow reads of an event: its data, all of it, or its data as bytes in base64.

    Binary data (`data_base64`) reads as base64 text in mode `data` too.
    """
    match mode:
        case "envelope":
            return event
        case "raw":
            return base64.b64encode(data_bytes(event)).decode()
        case "data":
            return event["data"] if "data" in event else event.get("data_base64")
