"""What a conversion finds, and the exception that carries all of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from stigmer_dsl.json_types import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionProblem:
    """One finding: what is wrong, where, and what to write instead.

    `path` is the place in the specification (`tasks[2].task_config.endpoint.uri`) when a specification is converted,
    and a JSON pointer into the document (`/do/2/fetch/with/query`) when a document is reverted. `code` is stable and
    listed in `docs/converter.md`.
    """

    code: str
    message: str
    path: str = ""
    hint: str = ""
    severity: Literal["error", "warning"] = "error"

    def to_json(self) -> JsonObject:
        """Return the finding as a flat JSON object with the field names of this class."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "hint": self.hint,
            "path": self.path,
        }

    def __str__(self) -> str:
        place = f"{self.path}: " if self.path else ""
        hint = f". {self.hint}" if self.hint else ""
        return f"{place}{self.severity}[{self.code}]: {self.message}{hint}"


class ConversionError(Exception):
    """A specification or document that cannot be converted; `problems` holds every finding, warnings included."""

    def __init__(self, problems: Iterable[ConversionProblem]) -> None:
        self.problems: tuple[ConversionProblem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(slots=True)
class Findings:
    """Collects problems while a conversion goes on, so that one run reports all of them."""

    _found: list[ConversionProblem] = field(default_factory=list)

    def error(self, code: str, path: str, message: str, hint: str = "") -> None:
        """Record a problem that makes the conversion fail at its end."""
        self._found.append(ConversionProblem(code=code, path=path, message=message, hint=hint))

    def warn(self, code: str, path: str, message: str, hint: str = "") -> None:
        """Record something the author should know; the conversion goes on."""
        self._found.append(ConversionProblem(code=code, path=path, message=message, hint=hint, severity="warning"))

    @property
    def found(self) -> tuple[ConversionProblem, ...]:
        """Everything found so far."""
        return tuple(self._found)

    @property
    def warnings(self) -> tuple[ConversionProblem, ...]:
        """The findings that do not fail the conversion."""
        return tuple(problem for problem in self._found if problem.severity == "warning")

    def raise_errors(self) -> None:
        """Raise `ConversionError` with everything found, when any finding is an error."""
        if any(problem.severity == "error" for problem in self._found):
            raise ConversionError(self._found)
