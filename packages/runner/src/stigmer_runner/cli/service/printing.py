"""Answers on standard output."""

import json
from collections.abc import Sequence

from stigmer_dsl import JsonObject, JsonValue

from stigmer_runner.cli.outputs import print_output
from stigmer_runner.terminal_text import printable

_WIDEST = 60


def print_json(value: JsonValue) -> None:
    """A value as indented JSON."""
    print_output(value, "json")


def print_json_line(value: JsonObject) -> None:
    """A value as one line of JSON, at once."""
    print(json.dumps(value, ensure_ascii=False, separators=(",", ":")), flush=True)


def print_table(rows: Sequence[JsonObject], columns: Sequence[str]) -> None:
    """Rows under their headings; nothing but the headings when there are none."""
    texts = [[_cell(row[column]) for column in columns] for row in rows]
    heads = [column.upper().replace("_", " ") for column in columns]
    widths = [max(map(len, column)) for column in zip(heads, *texts, strict=True)]
    for row in [heads, *texts]:
        print("  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip())


def _cell(value: JsonValue) -> str:
    if value is None or value == "":
        return "-"
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    plain = printable(text)
    return plain if len(plain) <= _WIDEST else f"{plain[: _WIDEST - 1]}…"
