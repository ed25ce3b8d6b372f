"""Reads what the user gives on the command line; every mistake is one sentence."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from stigmer_dsl import JsonValue

from stigmer_runner.cli.exit_codes import UsageFailure

STDIN = "-"


def read_bytes(name: str, what: str) -> bytes:
    """The content of a file, or of standard input for `-`. Raises UsageFailure."""
    if name == STDIN:
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise UsageFailure(f"{what} {name} cannot be read: {(error.strerror or str(error)).lower()}.") from None


def parse_input(text: str | None) -> JsonValue:
    """The workflow input from JSON, `@FILE` or `-`; None when not given. Raises UsageFailure."""
    if text is None:
        return None
    source, data = _input_text(text)
    try:
        return json.loads(data, parse_constant=_no_constant)
    except RecursionError:
        raise UsageFailure(f"{source} is nested too deeply.") from None
    except ValueError as error:
        raise UsageFailure(f"{source} is not JSON: {error}.") from None


def _no_constant(name: str) -> JsonValue:
    raise ValueError(f"{name} is not a JSON number")


def _input_text(text: str) -> tuple[str, bytes]:
    if text == STDIN:
        return "The input on standard input", read_bytes(STDIN, "")
    if text.startswith("@"):
        return f"The input in {text[1:]}", read_bytes(text[1:], "The input file")
    return "--input", text.encode()


def parse_pairs(option: str, pairs: Iterable[str]) -> dict[str, str]:
    """`K=V` pairs as a mapping; the last of equal keys wins. Values are not shown in errors. Raises UsageFailure."""
    values: dict[str, str] = {}
    for number, pair in enumerate(pairs, start=1):
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise UsageFailure(f"{option} number {number} must be written NAME=VALUE.")
        values[name] = value
    return values
