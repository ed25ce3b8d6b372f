"""What jq's operators give, where that is sure to the last digit; Unsure is raised where it is not."""

import operator
from collections.abc import Callable
from functools import partial
from typing import Final

from stigmer_dsl.json_types import JsonValue

Plain = Callable[[list[JsonValue]], JsonValue]
"""A compiled expression: its value on the arguments of its program. Raises Unsure."""

_Binary = Callable[[Plain, Plain, list[JsonValue]], JsonValue]

# Beyond it a double does not hold every whole number, and jq may write one in another way.
_MOST: Final = 2**53
# The work on a text is not counted; a longer one is jq's, where it is.
_LONGEST_TEXT: Final = 4096
# Where types stand in jq's order. Those before numbers have one value each, those after texts have parts.
_NULL, _FALSE, _TRUE, _NUMBER, _TEXT, _ARRAY, _OBJECT = range(7)


class Unsure(Exception):
    """Only jq can tell what the expression gives on these arguments."""


# --- values -------------------------------------------------------------------------------------------------------


def holds(value: JsonValue) -> bool:
    """Whether jq takes a value for true."""
    return value is not None and value is not False


def settled(value: JsonValue) -> JsonValue:
    """A result as it is after jq has written it. Arrays and objects go through as they came, as in a lookup."""
    return _written(_number(value)) if _rank(value) == _NUMBER else value


def as_text(value: JsonValue) -> str:
    """What jq's `tostring` makes of a value."""
    match value:
        case str():
            return _sound(value)
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() if -_MOST <= value <= _MOST:
            return str(value)
        case _:
            raise Unsure


def _rank(value: JsonValue) -> int:
    """Where the type of a value stands. Raises Unsure for a number or a text that jq may change."""
    # Types are compared here and below, as Temporal's sandbox makes `isinstance` slow.
    kind = type(value)
    if kind is int or kind is float:
        _number(value)
        return _NUMBER
    if kind is str:
        _string(value)
        return _TEXT
    if value is None:
        return _NULL
    if kind is bool:
        return _TRUE if value else _FALSE
    return _ARRAY if kind is list else _OBJECT


def _number(value: JsonValue) -> int | float:
    if type(value) is int and -_MOST <= value <= _MOST:
        return value
    # A zero that is a float may have a sign.
    if type(value) is float and 0 < abs(value) <= _MOST:
        return value
    raise Unsure


def _string(value: JsonValue) -> str:
    if type(value) is not str or len(value) > _LONGEST_TEXT:
        raise Unsure
    return _sound(value)


def _sound(text: str) -> str:
    """The text, if jq gets it as it is: a lone surrogate becomes a question mark."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Unsure from None
    return text


def _written(number: float) -> int | float:
    """A number as it is after jq has written it: a whole one has no point."""
    if not -_MOST <= number <= _MOST:
        raise Unsure
    if type(number) is float and number.is_integer():
        if number == 0:
            raise Unsure
        return int(number)
    return number


# --- operators ----------------------------------------------------------------------------------------------------


def _add(left: Plain, right: Plain, arguments: list[JsonValue]) -> JsonValue:
    first, second = left(arguments), right(arguments)
    if type(first) is str:
        return _string(_string(first) + _string(second))
    if first is None or second is None:
        other = second if first is None else first
        _rank(other)
        return other
    return _written(_number(first) + _number(second))


def _subtract(left: Plain, right: Plain, arguments: list[JsonValue]) -> JsonValue:
    return _written(_number(left(arguments)) - _number(right(arguments)))


def _multiply(left: Plain, right: Plain, arguments: list[JsonValue]) -> JsonValue:
    first, second = _number(left(arguments)), _number(right(arguments))
    product = _written(first * second)
    if product == 0 and (first < 0 or second < 0):
        raise Unsure
    return product


def _divide(left: Plain, right: Plain, arguments: list[JsonValue]) -> JsonValue:
    first, second = _number(left(arguments)), _number(right(arguments))
    if second == 0:
        raise Unsure
    return _written(first / second)


def _remainder(left: Plain, right: Plain, arguments: list[JsonValue]) -> JsonValue:
    first, second = _number(left(arguments)), _number(right(arguments))
    if type(first) is not int or type(second) is not int or first < 0 or second <= 0:
        raise Unsure
    return first % second


def _compare(decide: Callable[..., bool], left: Plain, right: Plain, arguments: list[JsonValue]) -> JsonValue:
    first, second = left(arguments), right(arguments)
    rank, other = _rank(first), _rank(second)
    if rank != other or rank < _NUMBER:
        return decide(rank, other)
    if rank > _TEXT:
        raise Unsure
    return decide(first, second)


def _and(left: Plain, right: Plain, arguments: list[JsonValue]) -> JsonValue:
    return holds(left(arguments)) and holds(right(arguments))


def _or(left: Plain, right: Plain, arguments: list[JsonValue]) -> JsonValue:
    return holds(left(arguments)) or holds(right(arguments))


def _alternative(left: Plain, right: Plain, arguments: list[JsonValue]) -> JsonValue:
    value = left(arguments)
    return value if holds(value) else right(arguments)


def negation(operand: Plain, arguments: list[JsonValue]) -> JsonValue:
    """A number with the other sign."""
    number = _number(operand(arguments))
    if number == 0:
        raise Unsure
    return -number


def complement(operand: Plain, arguments: list[JsonValue]) -> JsonValue:
    """What `not` gives."""
    return not holds(operand(arguments))


ALTERNATIVE, COMPARISON, SUM, PRODUCT = 1, 4, 5, 6
BINARY: Final[dict[str, tuple[int, _Binary]]] = {
    "//": (ALTERNATIVE, _alternative),
    "or": (2, _or),
    "and": (3, _and),
    "==": (COMPARISON, partial(_compare, operator.eq)),
    "!=": (COMPARISON, partial(_compare, operator.ne)),
    "<": (COMPARISON, partial(_compare, operator.lt)),
    "<=": (COMPARISON, partial(_compare, operator.le)),
    ">": (COMPARISON, partial(_compare, operator.gt)),
    ">=": (COMPARISON, partial(_compare, operator.ge)),
    "+": (SUM, _add),
    "-": (SUM, _subtract),
    "*": (PRODUCT, _multiply),
    "/": (PRODUCT, _divide),
    "%": (PRODUCT, _remainder),
}
"""The binary operators: how strongly each binds, as in jq's grammar, and what it gives."""
