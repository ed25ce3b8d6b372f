"""Checks at load time that an expression compiles: the engine's side of `stigmer_dsl.ExpressionChecker`."""

import re

from stigmer_engine.expressions.evaluator import EvaluatorConfig
from stigmer_engine.expressions.process import Worker, WorkerDied
from stigmer_engine.expressions.program import Leaf, Program
from stigmer_engine.expressions.worker import FAILURE

_ERROR = re.compile(r"jq: error: (.*?)(?: at <top-level>, line \d+.*)?$")


class LibjqChecker:
    """Compiles expressions with libjq in a child process, never in this one. Results are remembered.

    Keeps at most one child; close it when done.
    """

    def __init__(self, config: EvaluatorConfig | None = None) -> None:
        self._config = config or EvaluatorConfig()
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
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[key] = self._compile(expression, variables)
        return self._known[key]

    def _compile(self, expression: str, variables: frozenset[str]) -> str | None:
        # `if false` keeps the program from running: only its compilation is wanted.
        guarded = Leaf(f"if false then ({expression}\n\n) else null end")
        names = tuple(sorted(name.removeprefix("$") for name in variables))
        program = Program((guarded,), lambda results: results[0], names)
        arguments = b"[" + b",".join([b"null"] * (2 + len(variables))) + b"]"
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
        return _sentence(reply.body.decode(errors="replace"))


def _sentence(said: str) -> str:
    for line in said.splitlines():
        match = _ERROR.match(line.strip())
        if match:
            return match.group(1)
    return said.strip().splitlines()[0] if said.strip() else "jq refuses it without a reason"
