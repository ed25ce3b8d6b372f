"""Whether a decoded value may stand in a frame's field, judged by the field's annotation."""

import types
import typing
from collections.abc import Callable, Mapping

from stigmer_dsl.json_types import JsonObject, JsonValue

Accepts = Callable[[object], bool]


def field_checks(frame: type) -> Mapping[str, Accepts]:
    """A check for every field of a frame class."""
    return {name: _check(hint) for name, hint in typing.get_type_hints(frame).items()}


def _check(hint: object) -> Accepts:
    if hint == JsonValue:
        return lambda _value: True
    if hint == JsonObject:
        return lambda value: isinstance(value, dict)
    arguments = typing.get_args(hint)
    match typing.get_origin(hint):
        case types.UnionType | typing.Union:
            members = [_check(member) for member in arguments]
            return lambda value: any(accepts(value) for accepts in members)
        case typing.Literal:
            return lambda value: value in arguments
        case origin if origin is list:
            item = _check(arguments[0])
            return lambda value: isinstance(value, list) and all(map(item, value))
        case _:
            return _check_class(hint)


def _check_class(hint: object) -> Accepts:
    assert isinstance(hint, type)
    if hint is float:
        return lambda value: isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return lambda value: isinstance(value, int) and not isinstance(value, bool)
    return lambda value: isinstance(value, hint)
