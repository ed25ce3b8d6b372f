"""What must hold for any text as an expression: our reading of it is libjq's, and so is its value."""

import json
import re
from dataclasses import dataclass
from random import Random
from types import TracebackType
from typing import Final, Self

from stigmer_dsl.expressions import (
    Expression,
    LexicalError,
    Text,
    Token,
    UnclosedExpression,
    forbidden,
    is_strict,
    split_text,
    strip,
    tokenize,
    variables,
)
from stigmer_dsl.json_types import JsonValue
from stigmer_engine import Fault
from stigmer_engine.expressions import Evaluator, EvaluatorConfig, LibjqChecker, Program, expression_program
from stigmer_engine.expressions.process import Worker, WorkerDied
from stigmer_engine.expressions.program import ARGUMENTS, Leaf, encode_arguments
from stigmer_engine.expressions.worker import VALUE

from .finding import LawBroken
from .values import random_value

EVALUATION: Final = EvaluatorConfig(
    budget_seconds=0.1, memory_bytes=256 * 1024 * 1024, processes=1, patience_seconds=None
)
_LOCAL: Final = ("item", "index", "error")
_BOUND: Final = frozenset(f"${name}" for name in (*ARGUMENTS, *_LOCAL))
_NAMES: Final = (*ARGUMENTS, *_LOCAL)
_NOW: Final = 1_750_000_000.25
# Results that depend on where the program stands, on the time, or on what the evaluator puts around it.
_PLACE: Final = re.compile(r"now|__loc__|builtins")
_EXACT: Final = 2**53
_HOST: Final = "C.UTF-8"
"""A value in the environment of the evaluating process, which no expression may get hold of."""


@dataclass(frozen=True, eq=False)
class Bare(Program):
    """A program that is nothing but its expression: what libjq itself makes of it."""

    @property
    def text(self) -> str:
        """The expression, with the variables of a document bound."""
        names = ", ".join(["$__in", "$__now", *(f"${name}" for name in self.variables)])
        return f". as [{names}] | $__in | {self.leaves[0].source}"


class ExpressionCheck:
    """Checks expressions one after the other. Use it as a context manager: it keeps child processes."""

    def __init__(self) -> None:
        self._evaluator = Evaluator(EVALUATION)
        self._checker = LibjqChecker(EVALUATION)
        self._together = LibjqChecker(EVALUATION)
        self._libjq: Worker | None = None
        self._companion = "."

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._checker.close()
        self._together.close()
        self._evaluator.close()
        self._drop_libjq()

    def check(self, data: bytes, chance: int) -> str:
        """How far the expression came, in a word; `chance` decides its data. Raises whatever is wrong with us."""
        random = Random(chance)  # noqa: S311 - to be repeated, not to be secret
        text = data.decode(errors="surrogatepass")
        _check_text(text)
        source = text.strip()
        try:
            tokens = tokenize(source)
        except LexicalError as error:
            if not 0 <= error.offset <= len(source):
                raise LawBroken("offset outside of the text", str(error.offset)) from error
            self._compare_refusal(source, "the tokens")
            return "no tokens"
        _check_tokens(source, tokens)
        refused, unknown = forbidden(source), variables(source) - _BOUND
        if refused:
            return "forbidden"
        if not source:
            return "empty"
        if unknown:
            self._compare_refusal(source, "a variable")
            return "unknown variable"
        reason = self._checker.check(source, _BOUND)
        if reason is not None:
            self._compare_refusal(source, "the checker")
            return "does not compile"
        self._compile_together(source)
        return self._compare_values(source, [random_value(random) for _ in range(1 + len(_NAMES))])

    def _compare_refusal(self, source: str, who: str) -> None:
        """What we refuse to read, libjq refuses too, or the author is told nonsense."""
        if not _comparable(source):
            return
        if self._compiles(source):
            raise LawBroken(f"{who} refused what libjq compiles", source[:300])

    def _compiles(self, source: str) -> bool:
        answer = self._ask_libjq(Bare((Leaf(source),), _first, _NAMES), [None] * (2 + len(_NAMES)))
        return answer is not None and not (answer[0] != VALUE and b"compile error" in answer[1])

    def _compile_together(self, source: str) -> None:
        """What compiles alone compiles with others, and the other way round."""
        self._together.prepare([(self._companion, _BOUND), (source, _BOUND)])
        if self._together.check(source, _BOUND) is not None:
            raise LawBroken("it compiles alone and not with others", f"{self._companion} and {source}"[:300])
        self._companion = source

    def _compare_values(self, source: str, values: list[JsonValue]) -> str:
        program = expression_program(source, frozenset(_LOCAL))
        by_name = dict(zip(_NAMES, values[1:], strict=True))
        dot = values[0] if program.reads_input else None
        try:
            ours = _at_once(self._evaluator, program, [dot, _NOW, *(by_name[name] for name in program.variables)])
        except Fault as error:
            json.dumps(error.error.to_json()).encode()
            return "failed" if "budget" not in error.error.title else "over budget"
        if _HOST in json.dumps(ours) and _HOST not in source:
            raise LawBroken("it reads the environment", source[:300])
        if _comparable(source) and _PLACE.search(source) is None:
            theirs = self._ask_libjq(Bare((Leaf(source),), _first, _NAMES), [values[0], _NOW, *values[1:]])
            if theirs is not None:
                _compare(source, ours, theirs)
        return "evaluated"

    def _ask_libjq(self, program: Program, arguments: list[JsonValue]) -> tuple[int, bytes] | None:
        """Status and text of the answer; None when there is none within the budget."""
        worker = self._libjq or Worker(budget_seconds=EVALUATION.budget_seconds, memory_bytes=EVALUATION.memory_bytes)
        self._libjq = worker
        try:
            worker.send(program, encode_arguments(arguments))
            reply = worker.wait(60)
        except WorkerDied:
            reply = None
        if reply is None:
            self._drop_libjq()
            return None
        return reply.status, reply.body

    def _drop_libjq(self) -> None:
        if self._libjq is not None:
            self._libjq.kill()
            self._libjq = None


def _check_text(text: str) -> None:
    """Text with `${ }` in it can be read, or is refused as unclosed."""
    is_strict(text)
    for read in (split_text, strip, lambda given: expression_program(given, frozenset(_LOCAL))):
        try:
            read(text)
        except (UnclosedExpression, LexicalError):
            continue


def _check_tokens(source: str, tokens: tuple[Token, ...]) -> None:
    """Tokens stand in the text in order, with nothing but white space and comments between them."""
    position = 0
    for token in tokens:
        if token.start < position or source[token.start : token.end] != token.text or not token.text:
            raise LawBroken("a token is not where it says", f"{token} in {source[:300]}")
        gap = source[position : token.start]
        if gap.strip() and "#" not in gap:
            raise LawBroken("text between tokens", f"{gap!r} in {source[:300]}")
        position = token.end
    if "#" in source or not source:
        return
    embedded = split_text("a ${ " + source + " } $${b")
    if [type(part) for part in embedded] != [Text, Expression, Text] or embedded[1] != Expression(
        source, 2, len(source) + 7
    ):
        raise LawBroken("in text it is another expression", source[:300])


def _comparable(source: str) -> bool:
    """Whether libjq gets the same text: it reads up to a NUL, and UTF-8 only."""
    if "\x00" in source:
        return False
    try:
        source.encode()
    except UnicodeEncodeError:
        return False
    return True


def _compare(source: str, ours: JsonValue, theirs: tuple[int, bytes]) -> None:
    status, body = theirs
    if status != VALUE and b"without a result" not in body:
        # An error after the first result, which we do not ask for.
        return
    expected = json.loads(body.split(b"\n")[0]) if status == VALUE else None
    if not _same(ours, expected):
        raise LawBroken("libjq gives another value", f"{ours!r:.150} is not {expected!r:.150} for {source[:300]}")


def _same(ours: JsonValue, theirs: JsonValue) -> bool:
    """Equal, but for the digits of large numbers, which a mere lookup keeps and libjq does not."""
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(_same, ours, theirs))
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(_same(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, int | float) and isinstance(theirs, int | float) and not isinstance(ours, bool):
        return ours == theirs or (abs(ours) >= _EXACT and abs(theirs) >= _EXACT)
    return type(ours) is type(theirs) and ours == theirs


def _first(results: list[JsonValue]) -> JsonValue:
    return results[0]


def _at_once(evaluator: Evaluator, program: Program, arguments: list[JsonValue]) -> JsonValue:
    """The value, without an event loop: an evaluator without patience never waits for one."""
    evaluation = evaluator.evaluate(program, arguments)
    try:
        evaluation.send(None)
    except StopIteration as done:
        value: JsonValue = done.value
        return value
    evaluation.close()
    raise LawBroken("an evaluation waited", "")
