"""The hand-written companion of the generated `stigmer_proto`: JSON to `Struct` and back, strict decoding."""

from stigmer_proto_json.binary import MalformedMessage, parse_exact
from stigmer_proto_json.struct import (
    WIRE_DEPTH,
    JsonObject,
    JsonValue,
    StructError,
    json_from_struct,
    json_from_value,
    payload_from_json,
    struct_from_json,
    value_from_json,
)

__all__ = [
    "WIRE_DEPTH",
    "JsonObject",
    "JsonValue",
    "MalformedMessage",
    "StructError",
    "json_from_struct",
    "json_from_value",
    "parse_exact",
    "payload_from_json",
    "struct_from_json",
    "value_from_json",
]
