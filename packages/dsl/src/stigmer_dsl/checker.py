"""The port through which a caller lends its jq compiler to the validation."""

from typing import Protocol


class ExpressionChecker(Protocol):
    """Compiles expressions without running them."""

    def check(self, expression: str, variables: frozenset[str]) -> str | None:
        """Return what is wrong with the jq source as a sentence, or None.

        `variables` are the names, with `$`, that are bound where the expression stands.
        """
        ...
