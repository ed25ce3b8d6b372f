"""Checks at load time that an expression compiles: the engine's side of `stigmer_dsl.ExpressionChecker`."""

import re
import threading
from collections.abc import Iterable, Sequence

from stigmer_engine.expressions.evaluator import EvaluatorConfig
from stigmer_engine.expressions.process import Worker, WorkerDied
from stigmer_engine.expressions.program import Leaf, Program
from stigmer_engine.expressions.worker import FAILURE

# Enough to make the fixed cost of a program disappear; few enough to search for the one that does not compile.
_TOGETHER = 100
# As many as the largest document can hold, so that none is forgotten between `prepare` and `check`.
_REMEMBERED = 100_000
_ERROR = re.compile(r"jq: error: (.*?)(?: at <top-level>, line (\d+).*)?$")
_SHOWN_CHARACTERS = 40


class LibjqChecker:
    """Compiles expressions with libjq in a child process, never in this one. Results are remembered.

    Keeps at most one child; close it when done.
    """

    def __init__(self, config: EvaluatorConfig | None = None) -> None:
        self._config = config or EvaluatorConfig()
        # Documents are loaded in threads, while a run in the loose mode may ask from its own.
        self._turn = threading.Lock()
        self._worker: Worker | None = None
        self._known: dict[tuple[str, frozenset[str]], str | None] = {}

    def close(self) -> None:
        """End the child process."""
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    def check(self, expression: str, variables: frozenset[str]) -> str | None:
        """One sentence on why `expression` does not compile with `variables` (with their `$`) bound, or None."""
        key = (expression, variables)
        if key not in self._known:
            self._remember(key, self._compile((expression,), variables))
        return self._known[key]

    def prepare(self, expressions: Iterable[tuple[str, frozenset[str]]]) -> None:
        """Compile many expressions at once, so that `check` only looks up those that are right.

        A program costs more than a millisecond however short it is. What compiles together compiles alone, as long
        as brackets and quotes match in each; when a batch does not compile, `check` will find out which it was.
        """
        by_variables: dict[frozenset[str], dict[str, None]] = {}
        for expression, variables in expressions:
            if (expression, variables) not in self._known:
                by_variables.setdefault(variables, {})[expression] = None
        for variables, sources in by_variables.items():
            listed = tuple(sources)
            for start in range(0, len(listed), _TOGETHER):
                batch = listed[start : start + _TOGETHER]
                if len(batch) > 1 and self._compile(batch, variables) is None:
                    for expression in batch:
                        self._remember((expression, variables), None)

    def _remember(self, key: tuple[str, frozenset[str]], reason: str | None) -> None:
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        self._known[key] = reason

    def _compile(self, expressions: Sequence[str], variables: frozenset[str]) -> str | None:
        # `if false` keeps the program from running: only its compilation is wanted.
        guarded = tuple(Leaf(f"if false then ({expression}\n\n) else null end") for expression in expressions)
        names = tuple(sorted(name.removeprefix("$") for name in variables))
        program = Program(guarded, lambda results: results[0], names)
        arguments = b"[" + b",".join([b"null"] * (2 + len(variables))) + b"]"
        lines = expressions[0].count("\n") + 1
        with self._turn:
            return self._ask(program, arguments, lines)

    def _ask(self, program: Program, arguments: bytes, lines: int) -> str | None:
        worker = self._worker or Worker(
            budget_seconds=self._config.budget_seconds, memory_bytes=self._config.memory_bytes
        )
        self._worker = None
        try:
            worker.send(program, arguments)
            reply = worker.wait(60)
        except WorkerDied:
            worker.kill()
            return "it does not compile within its budget of time and memory"
        if reply is None:
            worker.kill()
            return "it does not compile within its budget of time"
        self._worker = worker
        if reply.status != FAILURE:
            return None
        return _sentence(reply.body.decode(errors="replace"), lines)


def _sentence(said: str, lines: int) -> str:
    """What jq says of an expression of so many lines, without what it says of the program around it."""
    said_lines = said.splitlines()
    for number, said_line in enumerate(said_lines):
        match = _ERROR.match(said_line)
        if match is not None:
            what, line = match.groups()
            if not what.startswith("syntax error"):
                return what
            if line is None or int(line) > lines or "end of file" in what:
                return "it ends too early"
            return f"it goes wrong at `{_marked(*said_lines[number + 1 : number + 3])}`"
    return said_lines[0] if said_lines else "jq refuses it without a reason"


def _marked(text: str = "", mark: str = "") -> str:
    """The text from the mark under it on; jq counts bytes."""
    rest = text.encode()[mark.find("^") :].decode(errors="replace").strip()
    return rest if len(rest) <= _SHOWN_CHARACTERS else f"{rest[:_SHOWN_CHARACTERS]}…"
