"""Collects problems and gives each its place in the text."""

from collections.abc import Iterable
from difflib import get_close_matches

from stigmer_dsl.problem import Problem
from stigmer_dsl.syntax.tree import SyntaxTree
from stigmer_dsl.validation.codes import CODES


class Findings:
    """Grows while the checks run; the order of adding does not matter."""

    def __init__(self, tree: SyntaxTree, source: str) -> None:
        self._tree = tree
        self._source = source
        self._problems: dict[Problem, None] = {}

    def add(self, code: str, pointer: str, message: str, hint: str = "", *, at_key: bool = False) -> None:
        """Note a problem at a JSON pointer; `at_key` marks the property's name instead of its value."""
        line, column = self._tree.position(pointer, key=at_key)
        problem = Problem(
            code=code,
            message=message,
            pointer=pointer,
            line=line,
            column=column,
            source=self._source,
            severity=CODES[code].severity,
            hint=hint,
        )
        self._problems[problem] = None

    def sorted(self) -> tuple[Problem, ...]:
        """Return the problems by position, each once."""
        return tuple(
            sorted(
                self._problems,
                key=lambda problem: (
                    problem.line or 0,
                    problem.column or 0,
                    problem.code,
                    problem.pointer,
                    problem.message,
                ),
            )
        )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a sentence that offers the known word nearest to the given one, or an empty text."""
    candidates = list(known)
    # A short word with one letter wrong falls below difflib's ratio, and case is a frequent slip.
    near = [other for other in candidates if other.lower() == word.lower()]
    near = near or get_close_matches(word, candidates, n=1, cutoff=0.6)
    return f"Did you mean `{near[0]}`?" if near else ""


def listing(words: Iterable[str]) -> str:
    """Return the words in code marks, separated by commas."""
    return ", ".join(f"`{word}`" for word in words)
