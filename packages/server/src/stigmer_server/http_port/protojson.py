"""Messages as protobuf's JSON (camelCase names, int64 as text), by protobuf's own code."""

import re
from typing import Final, TypeVar

import betterproto2
from google.protobuf import json_format
from google.protobuf.message_factory import GetMessageClass
from stigmer_dsl.json_types import JsonObject

from stigmer_server.refusals import Reason, Refused

M = TypeVar("M", bound=betterproto2.Message)

_NESTED: Final = re.compile(r"Failed to parse (\w+) field: ")
_LARGEST_DEPTH: Final = 90


def to_protojson(message: betterproto2.Message) -> JsonObject:
    """The JSON of a message; fields with default values are left out."""
    descriptor = message.DESCRIPTOR  # type: ignore[attr-defined]  # every generated class has it, the base has not
    value = json_format.MessageToDict(GetMessageClass(descriptor).FromString(bytes(message)))
    return _whole_numbers(value)


def from_protojson(message_type: type[M], value: JsonObject) -> M:
    """The message of its JSON, names in camelCase or snake_case. Raises Refused (INVALID_REQUEST) naming the field."""
    descriptor = message_type.DESCRIPTOR  # type: ignore[attr-defined]
    message = GetMessageClass(descriptor)()
    try:
        json_format.ParseDict(value, message, max_recursion_depth=_LARGEST_DEPTH)
    except (json_format.ParseError, ValueError, TypeError) as error:
        text = str(error)
        field = ".".join(_NESTED.findall(text))
        reason = _NESTED.sub("", text).split("\n", maxsplit=1)[0].rstrip(".").strip()
        where = f"{field}: " if field else ""
        raise Refused(Reason.INVALID_REQUEST, f"{where}{reason}", field=field) from None
    return message_type.parse(message.SerializeToString())


def _whole_numbers(value: JsonObject) -> JsonObject:
    """A `Struct` knows only doubles; `1.0` in it was `1` for whoever wrote it."""
    return {key: _whole(item) for key, item in value.items()}


def _whole(item: object) -> object:
    if isinstance(item, dict):
        return {key: _whole(inner) for key, inner in item.items()}
    if isinstance(item, list):
        return [_whole(inner) for inner in item]
    if isinstance(item, float) and item.is_integer() and abs(item) <= 2**53:
        return int(item)
    return item
