"""The port through which a caller lends its jq compiler to the validation."""

from collections.abc import Iterable
from typing import Protocol, runtime_checkable


class ExpressionChecker(Protocol):
    """Compiles expressions without running them."""

    def check(self, expression: str, variables: frozenset[str]) -> str | None:
        """Return what is wrong with the jq source as a sentence, or None.

        `variables` are the names, with `$`, that are bound where the expression stands.
        """
        ...


@runtime_checkable
class BatchChecker(ExpressionChecker, Protocol):
    """A checker that compiles faster when it hears of all expressions of a document at once."""

    def prepare(self, expressions: Iterable[tuple[str, frozenset[str]]]) -> None:
        """Take expressions with their variables, each of which `check` will be asked for. Brackets match in each."""
        ...
