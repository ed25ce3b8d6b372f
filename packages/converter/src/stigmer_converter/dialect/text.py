"""Text with `${ }` in it, and JSON, as jq programs."""

import json
import re

from stigmer_dsl.expressions import Expression, Text, tokenize
from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_converter.dialect.edits import Edit, apply_edits

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_MUSTACHE = re.compile(r"\{\{\s*workflow\.(input(?:\.[A-Za-z_][A-Za-z0-9_]*)*)\s*\}\}", re.ASCII)
_KEYWORDS = frozenset(
    {"and", "or", "not", "def", "as", "reduce", "foreach", "if", "then", "elif", "else", "end", "try", "catch"}
    | {"label", "import", "include", "__loc__"}
)

Segments = tuple[Text | Expression, ...]


def enclosed(jq: str) -> str:
    """Return `${ jq }`."""
    return f"${{ {jq} }}"


def literal(text: str) -> str:
    """Return a jq string literal."""
    return json.dumps(text, ensure_ascii=False)


def interpolated(parts: list[tuple[bool, str]]) -> str:
    """Return one jq string of parts, each literal text (False) or a jq program (True)."""
    return '"' + "".join(f"\\({part})" if is_jq else literal(part)[1:-1] for is_jq, part in parts) + '"'


def without_markers(jq: str) -> str:
    """Return jq in which some operands stand in `${ }`, such as `${ .a } == 1`, with parentheses instead.

    `${` in a string of the program is text and stays. Raises LexicalError when the rest is not jq.
    """
    edits: list[Edit] = []
    open_braces: list[bool] = []
    # Braces without their `$` are jq in form, and every token stays where it was.
    for token in tokenize(jq.replace("${", " {")):
        if token.kind == "operator" and token.text == "{":
            open_braces.append(jq.startswith("${", token.start - 1))
            if open_braces[-1]:
                inside = jq[token.end :]
                edits.append(Edit(token.start - 1, token.end + len(inside) - len(inside.lstrip()), "("))
        elif token.kind == "operator" and token.text == "}" and open_braces.pop():
            edits.append(Edit(len(jq[: token.start].rstrip()), token.end, ")"))
    return apply_edits(jq, edits)


def mustache_parts(text: str) -> list[tuple[bool, str]]:
    """Split literal text at `{{workflow.input.name}}`, a form that comments of the contract promise."""
    parts: list[tuple[bool, str]] = []
    position = 0
    for match in _MUSTACHE.finditer(text):
        parts += ((False, text[position : match.start()]), (True, f"$workflow.{match.group(1)}"))
        position = match.end()
    parts.append((False, text[position:]))
    return [part for part in parts if part[1]]


def has_mustache(text: str) -> bool:
    """Tell whether `mustache_parts` would find an expression."""
    return _MUSTACHE.search(text) is not None


def object_literal(entries: list[tuple[str, str]]) -> str:
    """Return a jq object construction of keys and programs."""
    if not entries:
        return "{}"
    return "{" + ", ".join(f"{object_key(key)}: {value}" for key, value in entries) + "}"


def object_key(key: str) -> str:
    """Return a key of a jq object construction."""
    return key if _WORD.fullmatch(key) and key not in _KEYWORDS else literal(key)


def scalar(value: JsonValue) -> str | None:
    """Return the jq literal of a number, boolean or null; None for everything else."""
    if value is None or isinstance(value, (bool, int, float)):
        return json.dumps(value)
    return None


def sorted_entries(value: JsonObject) -> list[tuple[str, JsonValue]]:
    """Return the entries by key: protobuf maps have no order of their own, and the same message must give one text."""
    return sorted(value.items())
