"""One input checked: its outcome, or the finding that it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from .document_check import DocumentCheck
from .expression_check import ExpressionCheck
from .finding import Finding, finding_of
from .inputs import Kind
from .watchdog import watched

_CHECKS: Final[dict[Kind, type[DocumentCheck | ExpressionCheck]]] = {
    "documents": DocumentCheck,
    "expressions": ExpressionCheck,
}


class Checking:
    """Checks inputs of one kind, each under the watchdog."""

    def __init__(self, check: DocumentCheck | ExpressionCheck) -> None:
        self._check = check

    def outcome(self, data: bytes, chance: int) -> str | Finding:
        """How far the input came, in a word; or what is wrong. `chance` decides what is not in the input."""
        try:
            with watched():
                return self._check.check(data, chance)
        except BaseException as error:
            return finding_of(error)

    def fails_like(self, data: bytes, chance: int, signature: str) -> bool:
        """Whether the input is a finding with this signature."""
        outcome = self.outcome(data, chance)
        return isinstance(outcome, Finding) and outcome.signature == signature


@contextmanager
def checking(kind: Kind) -> Iterator[Checking]:
    """A check of one kind, with its child processes until it is left."""
    with _CHECKS[kind]() as check:
        yield Checking(check)
