"""Apply replacements to a jq program and bring it onto one line."""

from collections.abc import Iterable
from dataclasses import dataclass

from stigmer_dsl.expressions import tokenize


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the characters from `start` to `end` by `text`."""

    start: int
    end: int
    text: str


def apply_edits(jq: str, edits: Iterable[Edit]) -> str:
    """Return the program with the edits applied; they must not overlap."""
    parts: list[str] = []
    position = 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        parts += (jq[position : edit.start], edit.text)
        position = edit.end
    parts.append(jq[position:])
    return "".join(parts)


def on_one_line(jq: str) -> str:
    """Return the program without comments and line breaks; a `${ }` must be one line in many places of the schema."""
    if "\n" not in jq and "\r" not in jq and "#" not in jq:
        return jq.strip()
    parts: list[str] = []
    position = 0
    for token in tokenize(jq):
        gap = jq[position : token.start]
        if parts and gap:
            parts.append(" " if any(mark in gap for mark in "\n\r#") else gap)
        text = token.text
        if token.kind == "chars":
            text = text.replace("\r", "\\r").replace("\n", "\\n")
        parts.append(text)
        position = token.end
    return "".join(parts)
