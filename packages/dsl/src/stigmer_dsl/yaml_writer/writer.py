"""Writes JSON data as block-style YAML."""

from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.yaml_writer.scalars import block_header, fits_block, write_scalar

# Readers give up on a key that is longer than 1024 characters, unless it is marked as one.
_LONGEST_KEY = 200
_STEP = 2


def write_yaml(value: JsonValue) -> str:
    """Return the data as one YAML document without markers, ended by a line break.

    Objects keep their order. Raises ValueError for data that JSON cannot hold.
    """
    lines: list[str] = []
    _write(value, "", 0, lines)
    return "\n".join(lines) + "\n"


def _write(value: JsonValue, prefix: str, indent: int, lines: list[str]) -> None:
    """Append the lines of a value.

    `prefix` is what stands before it on its first line (`key:`, `-`, indentation included), `indent` the column of
    the members of a container.
    """
    if isinstance(value, dict) and value:
        _write_object(value, prefix, indent, lines)
    elif isinstance(value, (list, tuple)) and value:
        _write_array(value, prefix, indent, lines)
    elif isinstance(value, str) and fits_block(value):
        lines.append(_after(prefix, block_header(value)))
        body = value.removesuffix("\n")
        lines.extend(" " * indent + line if line else "" for line in body.split("\n"))
    else:
        lines.append(_after(prefix, _short(value)))


def _write_object(value: dict[str, JsonValue], prefix: str, indent: int, lines: list[str]) -> None:
    first = _opening(prefix, lines)
    for key, member in value.items():
        if not isinstance(key, str):
            raise ValueError(f"the key {key!r} is not text")  # noqa: TRY004 - one error for all that JSON cannot hold
        start = first if first is not None else " " * indent
        first = None
        name = write_scalar(key)
        if len(name) > _LONGEST_KEY:
            lines.append(f"{start}? {name}")
            start, name = " " * indent, ""
        _write(member, f"{start}{name}:", indent + _STEP, lines)


def _write_array(value: list[JsonValue] | tuple[JsonValue, ...], prefix: str, indent: int, lines: list[str]) -> None:
    first = _opening(prefix, lines)
    for item in value:
        start = first if first is not None else " " * indent
        first = None
        _write(item, f"{start}-", indent + _STEP, lines)


def _opening(prefix: str, lines: list[str]) -> str | None:
    """Return what the first member shares its line with: the dash of a list; a key's line ends after its colon."""
    if prefix.endswith("-"):
        return prefix + " "
    if prefix:
        lines.append(prefix)
    return None


def _short(value: JsonValue) -> str:
    if isinstance(value, dict):
        return "{}"
    return "[]" if isinstance(value, (list, tuple)) else write_scalar(value)


def _after(prefix: str, text: str) -> str:
    return f"{prefix} {text}" if prefix else text
