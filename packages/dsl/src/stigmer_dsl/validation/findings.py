"""Collects problems and gives each its place in the text."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from itertools import islice

from stigmer_dsl.problem import Problem
from stigmer_dsl.syntax.tree import SyntaxTree
from stigmer_dsl.validation.codes import CODES

_MAX_SLIPS = 4
_MAX_CANDIDATES = 100


class Findings:
    """Grows while the checks run; the order of adding does not matter.

    `origin` turns a checked pointer into one of the tree, when what is checked was made from it.
    """

    def __init__(self, tree: SyntaxTree, source: str, origin: Callable[[str], str] = lambda pointer: pointer) -> None:
        self._origin = origin
        self._tree = tree
        self._source = source
        self._problems: dict[Problem, None] = {}

    def add(self, code: str, pointer: str, message: str, hint: str = "", *, at_key: bool = False) -> None:
        """Note a problem at a JSON pointer; `at_key` marks the property's name instead of its value."""
        pointer = self._origin(pointer)
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
        return tuple(sorted(self._problems, key=_order))


def _order(problem: Problem) -> tuple[int, int, str, str, str]:
    return (problem.line or 0, problem.column or 0, problem.code, problem.pointer, problem.message)


def near_word(word: str, known: Iterable[str]) -> str:
    """Return the known word nearest to the given one, or an empty text when none is near."""
    # A document can hold thousands of names, and difflib takes its time with each.
    candidates = list(islice((other for other in known if abs(len(other) - len(word)) <= _MAX_SLIPS), _MAX_CANDIDATES))
    # Case is a frequent slip, and difflib counts it as a wrong letter.
    near = [other for other in candidates if other.lower() == word.lower()]
    near = near or get_close_matches(word, candidates, n=1, cutoff=0.6)
    return near[0] if near else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a sentence that offers the nearest known word, or an empty text."""
    near = near_word(word, known)
    return f"Did you mean `{near}`?" if near else ""


def listing(words: Iterable[str]) -> str:
    """Return the words in code marks, separated by commas."""
    return ", ".join(f"`{word}`" for word in words)
