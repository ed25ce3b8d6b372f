"""Runtime expressions in text: `${ ... }` segments, the escape `$${`, and bare jq."""

import re
from dataclasses import dataclass

from stigmer_dsl.expressions.tokens import LexicalError, scan

_OPENING = re.compile(r"\$?\$\{")


@dataclass(frozen=True, slots=True)
class Text:
    """Literal characters, escapes already resolved."""

    value: str


@dataclass(frozen=True, slots=True)
class Expression:
    """The jq source between `${` and `}`, trimmed; `start` and `end` are the offsets of `${` and after `}`."""

    source: str
    start: int
    end: int


class UnclosedExpression(ValueError):
    """A `${` without its closing brace; `offset` is that of `${`, in characters from 0."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(f"`${{` has no closing brace ({reason})")
        self.offset = offset


def split_text(text: str) -> tuple[Text | Expression, ...]:
    """Split text into literals and `${ }` expressions; `$${` is a literal `${`.

    Text that is one expression with nothing but white space around it gives that expression alone. Braces, strings
    and comments of jq are respected when the end is searched. Raises UnclosedExpression.
    """
    segments: list[Text | Expression] = []
    literal: list[str] = []
    position = 0
    for_opening = _OPENING.search(text)
    while for_opening is not None:
        literal.append(text[position : for_opening.start()])
        if for_opening.group() == "$${":
            literal.append("${")
            position = for_opening.end()
        else:
            _flush(literal, segments)
            expression = _expression_at(text, for_opening.start())
            segments.append(expression)
            position = expression.end
        for_opening = _OPENING.search(text, position)
    literal.append(text[position:])
    _flush(literal, segments)
    expressions = [segment for segment in segments if isinstance(segment, Expression)]
    if len(expressions) == 1 and _is_space(text[: expressions[0].start]) and _is_space(text[expressions[0].end :]):
        return (expressions[0],)
    return tuple(segments)


def is_strict(text: str) -> bool:
    """Tell whether the text is exactly one `${ }` expression, white space around it aside."""
    if not text.lstrip().startswith("${"):
        return False
    try:
        segments = split_text(text)
    except UnclosedExpression:
        return False
    return len(segments) == 1 and isinstance(segments[0], Expression)


def strip(text: str) -> str:
    """Return the jq source of an expression-only field, which may be bare or in `${ }`; raises UnclosedExpression."""
    if text.lstrip().startswith("${"):
        segments = split_text(text)
        if len(segments) == 1 and isinstance(segments[0], Expression):
            return segments[0].source
    return text.strip()


def _expression_at(text: str, start: int) -> Expression:
    try:
        *_, brace = scan(text, start + 2, to_brace=True)
    except LexicalError as error:
        raise UnclosedExpression(start, str(error)) from error
    return Expression(text[start + 2 : brace.start].strip(), start, brace.end)


def _flush(literal: list[str], segments: list[Text | Expression]) -> None:
    value = "".join(literal)
    literal.clear()
    if value:
        segments.append(Text(value))


def _is_space(text: str) -> bool:
    return not text or text.isspace()
