"""Lexical analysis of jq: enough to find where an expression ends and what it names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

TokenKind = Literal[
    "field",  # .name
    "variable",  # $name
    "identifier",  # a function, a keyword, or an object key
    "format",  # @base64
    "number",
    "operator",  # brackets included
    "quote",  # the opening or closing quotation mark of a string
    "chars",  # literal characters of a string, escapes included
    "interpolation",  # \( in a string, and the ) that ends it
]

# Possessive quantifiers keep the memory for a match small, however long the text is.
_WORD = r"[A-Za-z_][A-Za-z_0-9]*"
_PATTERN = re.compile(
    r"(?P<space>(?:[ \t\r\n]++|\#(?:[^\\\r\n]++|\\?\r(?!\n)|\\\r?\n|\\[^\r\n])*+\\?)++)"
    rf"|(?P<field>\.{_WORD})"
    rf"|(?P<variable>\$\s*{_WORD}(?:::{_WORD})*)"
    rf"|(?P<identifier>{_WORD}(?:::{_WORD})*)"
    r"|(?P<format>@[A-Za-z0-9_]+)"
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<quote>\")"
    r"|(?P<operator>\?//|//=|\.\.|[|+\-*/%=!<>]=|//|[.\[\](){}|,:;=<>+\-*/%?])",
    re.ASCII,
)
_CHARS = re.compile(r"(?:[^\"\\]++|\\[^(])++", re.DOTALL)
_OPENING = {"(": ")", "[": "]", "{": "}"}
_CLOSING = frozenset(_OPENING.values())


class LexicalError(ValueError):
    """The text is not jq; `offset` is where, counted in characters from 0."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Token:
    """A lexical unit; `start` and `end` are offsets into the scanned text, `text` is what lies between."""

    kind: TokenKind
    text: str
    start: int
    end: int


def tokenize(jq: str) -> tuple[Token, ...]:
    """Split a jq program into tokens, without white space and comments.

    Strings come as quote, chars and interpolation tokens, so that names inside `\\( )` are seen. Raises LexicalError
    for an unknown character, an unclosed string or brackets that do not match.
    """
    return tuple(scan(jq, 0, to_brace=False))


def scan(text: str, start: int, *, to_brace: bool) -> Iterator[Token]:
    """Yield tokens from `start` to the end of the text; with `to_brace` the end is a `}` that nothing opened.

    That brace is then the last token; without it LexicalError is raised.
    """
    position = start
    expected: list[str] = []  # the closer of each open bracket; `"` for a string, `\\)` for an interpolation
    while position < len(text):
        if expected and expected[-1] == '"':
            token = _in_string(text, position)
        else:
            match = _PATTERN.match(text, position)
            if match is None:
                raise LexicalError(f"unexpected character {text[position]!r}", position)
            if match.lastgroup == "space":
                position = match.end()
                continue
            token = Token(match.lastgroup, match.group(), position, match.end())  # type: ignore[arg-type]
        if to_brace and token.text == "}" and not expected:
            yield token
            return
        token = _follow(token, expected)
        yield token
        position = token.end
    if to_brace:
        expected.insert(0, "}")
    if expected:
        closer = expected[-1].lstrip("\\")
        raise LexicalError(f"`{closer}` is missing", len(text))


def _in_string(text: str, position: int) -> Token:
    if text[position] == '"':
        return Token("quote", '"', position, position + 1)
    if text.startswith("\\(", position):
        return Token("interpolation", "\\(", position, position + 2)
    match = _CHARS.match(text, position)
    if match is None:
        raise LexicalError('`"` is missing', len(text))
    return Token("chars", match.group(), position, match.end())


def _follow(token: Token, expected: list[str]) -> Token:
    """Keep the stack of open brackets and strings; the `)` of an interpolation gets its own kind."""
    if token.kind == "quote":
        if expected and expected[-1] == '"':
            expected.pop()
        else:
            expected.append('"')
    elif token.kind == "interpolation":
        expected.append("\\)")
    elif token.kind == "operator" and token.text in _OPENING:
        expected.append(_OPENING[token.text])
    elif token.kind == "operator" and token.text in _CLOSING:
        if not expected or expected[-1].lstrip("\\") != token.text:
            raise LexicalError(f"`{token.text}` closes nothing", token.start)
        if expected.pop() == "\\)":
            return Token("interpolation", ")", token.start, token.end)
    return token
