"""JSON to `google.protobuf.Struct` and back: the hand-written companion of the generated `stigmer_proto`."""

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
    "StructError",
    "json_from_struct",
    "json_from_value",
    "payload_from_json",
    "struct_from_json",
    "value_from_json",
]
