"""Paths: expressions that only look something up (`.`, `.order.id`, `$item.name`), answered without jq.

They are the most frequent expressions of real documents, and a round trip to a child process costs twenty times as
much as the lookup, with a large value much more. A lookup that jq would refuse (a field of a number) is left to jq,
which has the words for it.
"""

import re
from dataclasses import dataclass
from typing import Final

from stigmer_dsl.json_types import JsonValue

_PATH: Final = re.compile(r"(\$[A-Za-z_]\w*)?((?:\.[A-Za-z_]\w*)*)|(\.)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A lookup: which argument of the program (0 is `.`), then which keys; `as_text` when the result goes into text."""

    argument: int
    keys: tuple[str, ...]
    as_text: bool


def read_path(source: str, variables: tuple[str, ...], *, as_text: bool) -> Path | None:
    """The path that an expression is, or None.

    Args:
        variables: those of the program, without `$`; its arguments are `[., now, variable...]`.
    """
    text = source.strip(" \t\r\n")
    match = _PATH.fullmatch(text)
    if not text or match is None:
        return None
    argument = 0
    if match[1]:
        name = match[1].removeprefix("$")
        if name not in variables:
            return None
        argument = 2 + variables.index(name)
    keys = tuple((match[2] or "").split(".")[1:])
    return Path(argument=argument, keys=keys, as_text=as_text)


def look_up(paths: tuple[Path, ...], arguments: list[JsonValue]) -> list[JsonValue] | None:
    """The values of all paths, or None when one of them needs jq: to refuse it, or to write a value as text."""
    found: list[JsonValue] = []
    for path in paths:
        value = arguments[path.argument]
        for key in path.keys:
            if isinstance(value, dict):
                value = value.get(key)
            elif value is not None:
                return None
        if path.as_text and not isinstance(value, str):
            return None
        found.append(value)
    return found
