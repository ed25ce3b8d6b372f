"""One finding about a document, and the exception that carries all of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from stigmer_dsl.json_types import JsonObject

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong in a document, where, and what to write instead.

    `code` is stable and listed in `docs/errors.md`; `pointer` is a JSON pointer (RFC 6901) into the document;
    `line` and `column` count from 1 (columns in characters) and are None when the document has no text.
    """

    code: str
    message: str
    pointer: str = ""
    line: int | None = None
    column: int | None = None
    source: str = "document"
    severity: Severity = "error"
    hint: str = ""

    def to_json(self) -> JsonObject:
        """Return the finding as a flat JSON object with the field names of this class."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "hint": self.hint,
            "pointer": self.pointer,
            "source": self.source,
            "line": self.line,
            "column": self.column,
        }

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}:{self.line}:{self.column}"
        at = f" (at {self.pointer})" if self.pointer else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{place}: {self.severity}[{self.code}]: {self.message}{at}{hint}"


class InvalidDocument(Exception):
    """A document that cannot be loaded; `problems` holds every finding, warnings included, by position."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
