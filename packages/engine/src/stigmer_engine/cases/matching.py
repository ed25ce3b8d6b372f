"""Whether a value has what is wanted of it, and where it differs."""

import json
import re
from collections.abc import Iterator

from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.syntax.tree import join_pointer

_SHOWN = 160


def differences(wanted: JsonValue, actual: JsonValue, place: str, *, part: bool = False) -> Iterator[str]:
    """Every difference as a sentence.

    Args:
        place: what the values are, for the sentences (`output`).
        part: objects may have more than is wanted, at any depth; arrays must still have the same length.
    """
    for pointer, sentence in _differences(wanted, actual, "", part=part):
        yield f"{place}{pointer}: {sentence}"


def fits(wanted: JsonValue, actual: JsonValue) -> bool:
    """Whether the actual value has every part that is wanted."""
    return next(_differences(wanted, actual, "", part=True), None) is None


def _differences(wanted: JsonValue, actual: JsonValue, pointer: str, *, part: bool) -> Iterator[tuple[str, str]]:
    if isinstance(wanted, dict) and isinstance(actual, dict):
        for key, value in wanted.items():
            if key in actual:
                yield from _differences(value, actual[key], join_pointer(pointer, key), part=part)
            else:
                yield join_pointer(pointer, key), f"is missing; expected {shown(value)}"
        if not part:
            for key in (key for key in actual if key not in wanted):
                yield join_pointer(pointer, key), f"was not expected: {shown(actual[key])}"
    elif isinstance(wanted, list) and isinstance(actual, list):
        for index, (one, other) in enumerate(zip(wanted, actual, strict=False)):
            yield from _differences(one, other, join_pointer(pointer, index), part=part)
        if len(wanted) != len(actual):
            yield pointer, f"expected {len(wanted)} items, got {len(actual)}: {shown(actual)}"
    elif not _same(wanted, actual):
        yield pointer, f"expected {shown(wanted)}, got {shown(actual)}"


def _same(wanted: JsonValue, actual: JsonValue) -> bool:
    # In Python `True == 1`; in JSON it is not, while `1` and `1.0` are one number.
    return isinstance(wanted, bool) is isinstance(actual, bool) and wanted == actual


def shown(value: JsonValue) -> str:
    """A value as short JSON text."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def uri_fits(wanted: str, actual: str) -> bool:
    """Whether a URI is the wanted one: `*` stands for any text; without `?` the query does not count."""
    if "?" not in wanted:
        actual = actual.partition("?")[0]
    return text_fits(wanted, actual)


def text_fits(wanted: str, actual: str) -> bool:
    """Whether a text is the wanted one, in which `*` stands for any text."""
    pattern = ".*".join(re.escape(piece) for piece in wanted.split("*"))
    return re.fullmatch(pattern, actual, re.DOTALL) is not None


def task_fits(wanted: str, name: str, reference: str) -> bool:
    """Whether a task is the wanted one, given by name or by reference."""
    return wanted == (reference if wanted.startswith("/") else name)
