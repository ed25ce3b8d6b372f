"""Plain expressions: literals, lookups, arithmetic, comparisons and logic, answered without jq.

`.total + $item` or `.status == "open" and .count > 3` is what conditions and sums of real documents look like, and a
round trip to a child process costs a hundred times as much. There is one meaning, which is jq's: what is not sure to
be the same to the last digit is left to jq as a whole, and so is what jq would refuse (decision 0910).

Histories on Temporal depend on what is answered here, as it is left out of the work that they count: to answer more
needs another rule (`Rules.plain`).
"""

from functools import partial
from operator import itemgetter
from typing import Final

from stigmer_dsl.expressions import LexicalError, Token, tokenize
from stigmer_dsl.json_types import JsonValue

from stigmer_engine.expressions.operators import (
    ALTERNATIVE,
    BINARY,
    COMPARISON,
    PRODUCT,
    SUM,
    Plain,
    Unsure,
    as_text,
    complement,
    holds,
    negation,
    settled,
)
from stigmer_engine.expressions.paths import read_path

# Which bounds the depth of the compiled form, and so the stack of whoever reads or evaluates it.
_MOST_TOKENS: Final = 64
# As many as a double holds in any case. jq compares what was written, not the doubles nearest to it.
_MOST_DIGITS: Final = 15
_CONSTANTS: Final[dict[str, JsonValue]] = {"null": None, "true": True, "false": False}


class _NotPlain(Exception):
    """Only jq can tell what the expression means."""


def read_plain(source: str, variables: tuple[str, ...], *, into_text: bool) -> Plain | None:
    """The compiled form of an expression, or None when it is not plain.

    Args:
        variables: those of the program, without `$`; its arguments are `[., now, variable...]`.
        into_text: whether the result goes into text.
    """
    # Where a comment ends is for jq to say.
    if "#" in source:
        return None
    try:
        tokens = tokenize(source)
        if len(tokens) > _MOST_TOKENS:
            return None
        plain = _Reader(tokens, variables).whole()
    except (LexicalError, _NotPlain):
        return None
    if into_text:
        return lambda arguments: as_text(plain(arguments))
    if read_path(source, variables, as_text=False) is not None:
        return plain
    return lambda arguments: settled(plain(arguments))


def evaluate_plain(
    expressions: tuple[Plain, ...], arguments: list[JsonValue], *, first_true: bool
) -> list[JsonValue] | None:
    """The values of all expressions, or the index of the first true one (null: none); None when jq must tell."""
    try:
        if not first_true:
            return [expression(arguments) for expression in expressions]
        for index, expression in enumerate(expressions):
            if holds(expression(arguments)):
                return [index]
    except Unsure:
        return None
    return [None]


class _Reader:
    """Reads the tokens of one expression from left to right. Raises _NotPlain."""

    def __init__(self, tokens: tuple[Token, ...], variables: tuple[str, ...]) -> None:
        self._tokens = tokens
        self._variables = variables
        self._at = 0

    def whole(self) -> Plain:
        plain = self._piped()
        if self._at < len(self._tokens):
            raise _NotPlain
        return plain

    def _piped(self) -> Plain:
        plain = self._operation(ALTERNATIVE)
        while self._peek() == "|":
            self._at += 1
            if self._next().text != "not":
                raise _NotPlain
            plain = partial(complement, plain)
        return plain

    def _operation(self, least: int) -> Plain:
        """An operand, and what is added to it by operators that bind at least so strongly."""
        left = self._operand(least)
        compared = False
        while self._binding() >= least:
            binding, combine = BINARY[self._next().text]
            if binding == COMPARISON and compared:
                # jq compares no comparisons.
                raise _NotPlain
            compared = binding == COMPARISON
            # All lean to the left, except this one.
            right = self._operation(binding if binding == ALTERNATIVE else binding + 1)
            left = partial(combine, left, right)
        return left

    def _operand(self, least: int) -> Plain:
        token = self._next()
        match token.kind:
            case "field":
                self._at -= 1
                return _lookup(0, self._keys())
            case "variable" if token.text[1:] in self._variables:
                return _lookup(2 + self._variables.index(token.text[1:]), self._keys())
            case "number":
                return _constant(_literal_number(token.text))
            case "quote":
                return _constant(self._literal_text())
            case "identifier" if token.text in _CONSTANTS:
                return _constant(_CONSTANTS[token.text])
            case "operator" if token.text == ".":
                return _lookup(0, ())
            case "operator" if token.text == "(":
                plain = self._piped()
                if self._next().text != ")":
                    raise _NotPlain
                return plain
            case "operator" if token.text == "-" and least <= SUM:
                return partial(negation, self._operation(PRODUCT))
            case _:
                raise _NotPlain

    def _keys(self) -> tuple[str, ...]:
        start = self._at
        while self._at < len(self._tokens) and self._tokens[self._at].kind == "field":
            self._at += 1
        return tuple(token.text[1:] for token in self._tokens[start : self._at])

    def _literal_text(self) -> str:
        token = self._next()
        if token.kind == "quote":
            return ""
        if token.kind != "chars" or "\\" in token.text or not token.text.isprintable() or self._next().kind != "quote":
            raise _NotPlain
        return token.text

    def _binding(self) -> int:
        """How strongly the next token binds as a binary operator; 0 if it is none."""
        return BINARY[self._peek()][0] if self._peek() in BINARY else 0

    def _peek(self) -> str:
        return self._tokens[self._at].text if self._at < len(self._tokens) else ""

    def _next(self) -> Token:
        if self._at == len(self._tokens):
            raise _NotPlain
        self._at += 1
        return self._tokens[self._at - 1]


def _literal_number(text: str) -> int | float:
    whole, _, part = text.partition(".")
    if not whole.isdigit() or (part and not part.isdigit()) or len(whole) + len(part) > _MOST_DIGITS:
        raise _NotPlain
    return float(text) if "." in text else int(text)


def _constant(value: JsonValue) -> Plain:
    return lambda _arguments: value


def _lookup(argument: int, keys: tuple[str, ...]) -> Plain:
    if not keys:
        return itemgetter(argument)

    def find(arguments: list[JsonValue]) -> JsonValue:
        value = arguments[argument]
        for key in keys:
            if type(value) is dict:
                value = value.get(key)
            elif value is not None:
                raise Unsure
        return value

    return find
