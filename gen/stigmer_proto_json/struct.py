"""Conversion between plain JSON data and the messages `Struct`, `Value` and `ListValue`.

A `Struct` knows only doubles. Numbers are therefore read back as `int` when they are integral and every integer of that
size has a double of its own (up to 2**53), so that `1` stays `1` in YAML, JSON and expressions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeAlias

from stigmer_proto.google.protobuf import ListValue, NullValue, Struct, Value

JsonValue: TypeAlias = Any
"""None, bool, int, float, str, a list of JSON values or a `JsonObject`."""

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object."""

WIRE_DEPTH = 32
"""Levels of nesting that every peer can decode: C++, Java and Python refuse more than 100 nested messages, and a level
of JSON takes three of them. Pass it as `max_depth` for whatever leaves this process in binary form."""

_EXACT = 2**53


class StructError(ValueError):
    """The data has no `Struct` form (or the `Struct` no JSON form).

    `path` is the JSON pointer of the part that is wrong; the message names it too.
    """

    def __init__(self, message: str, path: str) -> None:
        super().__init__(f"{message} (at {path or 'the top'})")
        self.path = path


def struct_from_json(value: Mapping[str, JsonValue], *, max_depth: int | None = None) -> Struct:
    """Makes a `Struct` of a JSON object.

    Integers beyond 2**53 are rounded to the nearest double, as in every protobuf language.

    Raises:
        StructError: a key is not text, a value is not JSON, a number is not finite or too large for a double, or the
            nesting is deeper than `max_depth` (the object itself is level 1) or than Python can follow.
    """
    try:
        return _struct(value, "", _limit(max_depth))
    except RecursionError:
        raise StructError("the data is nested too deeply", "") from None


def value_from_json(value: JsonValue, *, max_depth: int | None = None) -> Value:
    """Makes a `Value` of any JSON value. Raises as `struct_from_json` does."""
    try:
        return _value(value, "", _limit(max_depth))
    except RecursionError:
        raise StructError("the data is nested too deeply", "") from None


def payload_from_json(value: JsonValue, *, max_depth: int | None = WIRE_DEPTH) -> Struct:
    """Makes a `Struct` of any JSON value: an object as it is, anything else under the key `value`.

    This is the form of event payloads, inputs and outputs in the contract. Raises as `struct_from_json` does.
    """
    return struct_from_json(value if isinstance(value, Mapping) else {"value": value}, max_depth=max_depth)


def json_from_struct(struct: Struct | None) -> JsonObject:
    """Makes a JSON object of a `Struct`; an unset one gives the empty object.

    Raises:
        StructError: a number is not finite (JSON has no NaN), or the nesting is deeper than Python can follow.
    """
    try:
        return {} if struct is None else _object(struct, "")
    except RecursionError:
        raise StructError("the data is nested too deeply", "") from None


def json_from_value(value: Value) -> JsonValue:
    """Makes a JSON value of a `Value`; one without content gives None. Raises as `json_from_struct` does."""
    try:
        return _json(value, "")
    except RecursionError:
        raise StructError("the data is nested too deeply", "") from None


def _limit(max_depth: int | None) -> int:
    # Python's own limit is far below this.
    return 1_000_000 if max_depth is None else max_depth


def _step(path: str, key: str | int) -> str:
    return f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}"


def _struct(value: Mapping[str, JsonValue], path: str, depth: int) -> Struct:
    if depth < 1:
        raise StructError("the data is nested too deeply", path)
    fields: dict[str, Value] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise StructError(f"the key {key!r} is not text", path)
        fields[key] = _value(item, _step(path, key), depth - 1)
    return Struct(fields=fields)


def _list(value: list[JsonValue] | tuple[JsonValue, ...], path: str, depth: int) -> ListValue:
    if depth < 1:
        raise StructError("the data is nested too deeply", path)
    return ListValue(values=[_value(item, _step(path, index), depth - 1) for index, item in enumerate(value)])


def _value(value: JsonValue, path: str, depth: int) -> Value:
    match value:
        case None:
            return Value(null_value=NullValue.NULL_VALUE)
        case bool():
            return Value(bool_value=value)
        case int() | float():
            return Value(number_value=_double(value, path))
        case str():
            return Value(string_value=value)
        case Mapping():
            return Value(struct_value=_struct(value, path, depth))
        case list() | tuple():
            return Value(list_value=_list(value, path, depth))
        case _:
            raise StructError(f"a {type(value).__name__} is not JSON", path)


def _double(value: float, path: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        raise StructError("the number is too large for a double", path) from None
    if not math.isfinite(number):
        raise StructError("JSON has no NaN and no infinity", path)
    return number


def _object(struct: Struct, path: str) -> JsonObject:
    return {key: _json(value, _step(path, key)) for key, value in struct.fields.items()}


def _json(value: Value, path: str) -> JsonValue:
    if value.number_value is not None:
        return _number(value.number_value, path)
    if value.struct_value is not None:
        return _object(value.struct_value, path)
    if value.list_value is not None:
        return [_json(item, _step(path, index)) for index, item in enumerate(value.list_value.values)]
    # None stands for an explicit null and for a value that an old or broken peer left without content.
    return value.string_value if value.string_value is not None else value.bool_value


def _number(value: float, path: str) -> int | float:
    number = _double(value, path)
    return int(number) if number.is_integer() and abs(number) <= _EXACT else number
