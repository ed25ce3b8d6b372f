"""Scalars that YAML 1.1 and YAML 1.2 readers read alike."""

import math
import re

import yaml

from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.syntax import scalars as core

# Written out as ranges, because `str.isprintable` changes with the Python version. Left out: controls, the
# no-break space, the line separators, the byte order mark, and surrogates.
_SAFE = "\x20-\x7e\xa1-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff"
_ALL_SAFE = re.compile(f"[{_SAFE}]*")
_LINES_SAFE = re.compile(f"[{_SAFE}\n\t]*")
_UNSAFE_CHARACTER = re.compile(f'[^{_SAFE}]|["\\\\]')
_SURROGATE = re.compile("[\ud800-\udfff]")
_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`")
_EDGE_SPACE = re.compile(r"\A[ \t]|[ \t]\Z")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
# Booleans of YAML 1.1 that PyYAML itself does not resolve, and others do.
_OLD_WORDS = frozenset({"y", "Y", "n", "N"})
_OLD_RESOLVERS = yaml.SafeLoader.yaml_implicit_resolvers


def write_scalar(value: JsonValue) -> str:
    """Return a scalar on one line; raises ValueError for what JSON or UTF-8 cannot hold."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, str):
        return _text(value)
    raise ValueError(f"{type(value).__name__} is not a JSON type")


def fits_block(text: str) -> bool:
    """Tell whether the text can be a block literal: several lines, none of them only white space or led by a tab."""
    if "\n" not in text.rstrip("\n") or not _LINES_SAFE.fullmatch(text):
        return False
    return all(not line or (line.strip(" \t") and line[0] != "\t") for line in text.split("\n"))


def block_header(text: str) -> str:
    """Return the header of a block literal: style, indentation (when the first line hides it) and chomping."""
    indentation = "2" if text[0] in " \n" else ""
    if not text.endswith("\n"):
        return f"|{indentation}-"
    return f"|{indentation}+" if text.endswith("\n\n") else f"|{indentation}"


def _number(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a number that JSON can hold")
    text = repr(value)
    # YAML 1.1 knows no exponent without a decimal point.
    return text if "." in text else text.replace("e", ".0e")


def _text(text: str) -> str:
    if _SURROGATE.search(text):
        raise ValueError("text contains half of a surrogate pair, which UTF-8 cannot hold")
    if not _ALL_SAFE.fullmatch(text):
        return '"' + _UNSAFE_CHARACTER.sub(_escaped, text) + '"'
    return text if _is_plain(text) else "'" + text.replace("'", "''") + "'"


def _is_plain(text: str) -> bool:
    if not text or text[0] in _INDICATORS or _EDGE_SPACE.search(text):
        return False
    if ": " in text or " #" in text or text.endswith(":"):
        return False
    return not _is_typed(text)


def _is_typed(text: str) -> bool:
    """Tell whether a reader of YAML 1.1 or 1.2 would see another type than text, if the text stood bare."""
    if text in _OLD_WORDS or core.is_typed(text):
        return True
    resolvers = _OLD_RESOLVERS.get(text[0], [])
    return any(pattern.match(text) for _, pattern in resolvers)


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    known = _ESCAPES.get(character)
    if known is not None:
        return known
    number = ord(character)
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
