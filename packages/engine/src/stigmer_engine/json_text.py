"""JSON text from outside, read so that the rest of the engine can rely on what it gets.

Python's reader accepts more than JSON: `NaN`, lone surrogates that no encoder can write, and nesting that later
exhausts the stack. None of these may enter a run.
"""

import json
import math
import re
from typing import Final, NoReturn

from stigmer_dsl.json_types import JsonValue

# The same depth as for documents; the engine walks values recursively, inside tasks that are themselves nested.
MAX_DEPTH: Final = 256


def read_json(text: bytes | str) -> JsonValue:
    """The value of a JSON text; lone surrogates become U+FFFD.

    Raises:
        ValueError: not JSON, or nested more than `MAX_DEPTH` deep; says which.
    """
    raw = text if isinstance(text, bytes) else text.encode(errors="replace")
    try:
        # Only a long exponent can leave the range of a float; the check costs too much to be made for every number.
        parse_float = _finite if _LONG_EXPONENT.search(raw) else None
        value: JsonValue = json.loads(text, parse_constant=_refuse, parse_float=parse_float)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _too_deep(value):
        raise ValueError(_TOO_DEEP)
    return well_formed(value) if b"\\ud" in raw or b"\\uD" in raw else value


def well_formed(value: JsonValue) -> JsonValue:
    """The value, with U+FFFD for every lone surrogate in its texts; the value itself when there is none."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        repaired: JsonValue = json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
        return repaired
    return value


_LONG_EXPONENT: Final = re.compile(rb"[eE]\+?\d{3}")
_TOO_DEEP: Final = f"it is nested more than {MAX_DEPTH} deep"


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise ValueError(f"{number:.20} is out of range")
    return value


def _too_deep(value: JsonValue) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            item
            for container in level
            if isinstance(container, dict | list)
            for item in (container.values() if isinstance(container, dict) else container)
            if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True
