"""Plain scalars of the YAML 1.2 core schema (YAML 1.2.2, chapter 10.3)."""

import math
import re

from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.syntax.fault import SyntaxFault

_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_NUMBER_STARTS = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_OCTAL = re.compile(r"0o[0-7]+", re.ASCII)
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", re.ASCII)
# Python refuses to read longer integers in one go, and no JSON reader keeps that many digits.
_MAX_DIGITS = 1000


def resolve(text: str) -> JsonValue:
    """Return the value of a plain scalar; what is no null, boolean or number is text.

    Raises SyntaxFault for numbers that JSON cannot hold.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    if _INTEGER.fullmatch(text):
        return _integer(text, 10)
    if _FLOAT.fullmatch(text):
        return to_float(text)
    if _OCTAL.fullmatch(text):
        return _integer(text, 8)
    if _HEXADECIMAL.fullmatch(text):
        return _integer(text, 16)
    if _NOT_FINITE.fullmatch(text):
        raise _not_json(text)
    return text


def is_typed(text: str) -> bool:
    """Tell whether a plain scalar is a null, a boolean or a number, be it one that JSON cannot hold."""
    if text in _WORDS:
        return True
    patterns = (_INTEGER, _FLOAT, _OCTAL, _HEXADECIMAL, _NOT_FINITE)
    return text[0] in _NUMBER_STARTS and any(pattern.fullmatch(text) for pattern in patterns)


def to_float(text: str) -> float:
    """Read a float; raises SyntaxFault when it is too large for one."""
    value = float(text)
    if math.isinf(value):
        raise _not_json(text)
    return value


def to_integer(text: str) -> int:
    """Read a decimal integer; raises SyntaxFault when it is unreasonably long."""
    return _integer(text, 10)


def _integer(text: str, base: int) -> int:
    if len(text) > _MAX_DIGITS:
        raise SyntaxFault(
            "invalid-number", f"A number of {len(text)} digits cannot be kept exactly", "Quote it to keep it as text."
        )
    return int(text, base) if base == 10 else int(text[2:], base)


def _not_json(text: str) -> SyntaxFault:
    shown = text if len(text) < 40 else text[:40] + "..."
    return SyntaxFault(
        "invalid-number", f"`{shown}` is not a number that JSON can hold", "Quote it to keep it as text."
    )
