"""Paths into a specification: `tasks[2].task_config.headers["X-Id"]`."""

import json
import re

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)


def member(path: str, name: str) -> str:
    """Extend a path by the name of a field or a map key; names that are no plain word are quoted."""
    if not _PLAIN.fullmatch(name):
        return f"{path}[{json.dumps(name, ensure_ascii=False)}]"
    return f"{path}.{name}" if path else name


def element(path: str, index: int) -> str:
    """Extend a path by a position in a list, counted from 0."""
    return f"{path}[{index}]"


def pointer(base: str, *parts: str | int) -> str:
    """Extend a JSON pointer (RFC 6901) by names and positions."""
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return "".join((base, *(f"/{part}" for part in escaped)))
