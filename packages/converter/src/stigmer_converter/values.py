"""Bounds and numbers of the JSON data of a specification, checked without recursion."""

import math
import re

from stigmer_dsl.json_types import JsonValue

from stigmer_converter.numbers import as_written, is_exact
from stigmer_converter.paths import element, member
from stigmer_converter.problem import Findings

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_WHOLE = r"Write the character itself, or both halves of its escape (\ud83d\ude00)."


def check_values(value: JsonValue, max_depth: int, findings: Findings) -> JsonValue:
    """Return a copy with every number as it was written; report depth, inexact and infinite numbers.

    A value nested deeper than `max_depth` is an error, and is left out of the copy.
    """
    top: list[JsonValue] = [value]
    pending: list[tuple[JsonValue, JsonValue, str, int]] = [(top, 0, "", 1)]
    while pending:
        container, key, path, depth = pending.pop()
        item = container[key]
        if isinstance(item, (dict, list)):
            if depth > max_depth:
                findings.error(
                    "too-deep", _short(path), f"the data is nested deeper than {max_depth} levels",
                    "Move inner tasks to a workflow of their own and RUN it.",
                )  # fmt: skip
                return None
            copy: JsonValue = dict(item) if isinstance(item, dict) else list(item)
            container[key] = copy
            if isinstance(copy, dict):
                if any(_HALF_CHARACTER.search(str(name)) for name in copy):
                    findings.error("invalid-value", _short(path), "a key holds half a character", _WHOLE)
                    continue
                pending += ((copy, name, member(path, str(name)), depth + 1) for name in copy)
            else:
                pending += ((copy, index, element(path, index), depth + 1) for index in range(len(copy)))
        elif isinstance(item, (int, float)) and not isinstance(item, bool):
            container[key] = _number(item, path, findings)
        elif isinstance(item, str) and _HALF_CHARACTER.search(item):
            findings.error("invalid-value", _short(path), "the text holds half a character", _WHOLE)
    return top[0]


def _number(number: float, path: str, findings: Findings) -> int | float:
    try:
        double = float(number)
    except OverflowError:
        double = math.inf
    if not math.isfinite(double):
        findings.error("invalid-value", path, "the number is not finite", "JSON has no such number.")
        return 0
    if not is_exact(number):
        findings.warn(
            "inexact-number", path, "whole numbers beyond 2^53 lose digits in a specification", "Use a string."
        )
    return as_written(double)


def _short(path: str) -> str:
    return path if len(path) <= 200 else f"{path[:200]}..."
