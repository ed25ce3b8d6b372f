"""Scopes: which variables an expression sees."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models import TaskBase

from stigmer_engine.frames import UNSET, Unset

_NOTHING: Mapping[str, JsonValue] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """The task whose expressions are evaluated, as `$task`, `$input` and `$output` show it."""

    name: str
    reference: str
    task: TaskBase
    raw: JsonValue
    started_at: float
    input: JsonValue | Unset = UNSET
    raw_output: JsonValue | Unset = UNSET
    output: JsonValue | Unset = UNSET
    authorization: JsonValue = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Loop and error variables by name (without `$`), innermost last; `task` is the task being run, if any.

    `plain` marks the tasks of an extension, which no extension extends; `authorization` is `$authorization`.
    """

    bindings: Mapping[str, JsonValue] = field(default_factory=lambda: _NOTHING)
    task: TaskView | None = None
    plain: bool = False
    authorization: JsonValue = None

    @property
    def names(self) -> frozenset[str]:
        """The names of the loop and error variables."""
        return frozenset(self.bindings)

    def bind(self, **bindings: JsonValue) -> "Scope":
        """This scope with further variables; a name that is already there is hidden."""
        bound = MappingProxyType({**self.bindings, **bindings})
        return Scope(bindings=bound, task=self.task, plain=self.plain, authorization=self.authorization)

    def plainly(self) -> "Scope":
        """This scope for the tasks of an extension."""
        return replace(self, plain=True)

    def of(self, task: TaskView) -> "Scope":
        """This scope, seen from a task."""
        return Scope(bindings=self.bindings, task=task, plain=self.plain)


def moment(seconds: float) -> JsonObject:
    """A point in time as the DSL shows it: `{iso8601, epoch: {seconds, milliseconds}}`."""
    return {
        "iso8601": iso8601(seconds),
        "epoch": {"seconds": int(seconds), "milliseconds": int(seconds * 1000)},
    }


def iso8601(seconds: float) -> str:
    """Unix seconds as RFC 3339 text in UTC, with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
