"""Reads what the user gives on the command line; every mistake is one sentence."""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from stigmer_dsl import JsonValue, Limits
from stigmer_dsl.syntax.fault import SyntaxFault
from stigmer_dsl.syntax.reader import decode, read

from stigmer_runner.cli.exit_codes import UsageFailure

STDIN = "-"

_LIMITS = Limits(max_bytes=256 * 1024 * 1024, max_nodes=1_000_000)
_ADVICE = """write '{"name": "Ada"}', 'name: Ada', or @FILE"""


def read_bytes(name: str, what: str) -> bytes:
    """The content of a file, or of standard input for `-`. Raises UsageFailure."""
    if name == STDIN:
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise UsageFailure(f"{what} {name} cannot be read: {(error.strerror or str(error)).lower()}.") from None


def parse_input(text: str | None) -> JsonValue:
    """The workflow input from JSON or YAML, `@FILE` or `-`; None when not given. Raises UsageFailure."""
    if text is None:
        return None
    source, data = _input_text(text)
    try:
        return json.loads(data, parse_constant=_no_constant)
    except RecursionError:
        raise UsageFailure(f"{source} is nested too deeply.") from None
    except _NoNumber as error:
        raise UsageFailure(f"{source} is not JSON: {error}.") from None
    except ValueError:
        value = _yaml(source, data)
    if isinstance(value, str) and not text.startswith(("@", STDIN)):
        # Any word is YAML, also the name of a file.
        advice = f"write @{text} to read the file" if _is_file(text) else _ADVICE
        raise UsageFailure(f"{source} is not JSON: {advice}.")
    return value


def check_one_reader_of_stdin(given: Mapping[str, Iterable[str | None]]) -> None:
    """Standard input can be read once. `given` are the values by what they are for; raises UsageFailure."""
    readers = [name for name, values in given.items() for value in values if value == STDIN]
    if len(readers) > 1:
        raise UsageFailure(f"Only one of {' and '.join(dict.fromkeys(readers))} can be `-`, standard input.")


class _NoNumber(ValueError):
    """What Python takes for a number, and JSON does not."""


def _no_constant(name: str) -> JsonValue:
    raise _NoNumber(f"{name} is not a JSON number")


def _yaml(source: str, data: bytes) -> JsonValue:
    try:
        return read(decode(data, _LIMITS), _LIMITS).value
    except SyntaxFault as fault:
        if fault.code != "invalid-syntax":
            raise UsageFailure(f"{source}: {fault.message}.") from None
        place = f" (line {fault.position[0]}, column {fault.position[1]})" if fault.position else ""
        said = fault.message.partition(": ")[2] or fault.message
        raise UsageFailure(f"{source} is neither JSON nor YAML: {said}{place}.") from None


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


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
