"""What a task kind needs to convert its config: expressions rewritten, nested tasks converted, problems collected."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from stigmer_dsl.expressions import (
    Expression,
    LexicalError,
    Text,
    UnclosedExpression,
    forbidden,
    is_strict,
    split_text,
    strip,
)
from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_converter.dialect import text as jq_text
from stigmer_converter.dialect.to_dsl import to_dsl
from stigmer_converter.fields import Fields
from stigmer_converter.options import ConvertOptions
from stigmer_converter.paths import element, member
from stigmer_converter.problem import Findings
from stigmer_converter.scope import Position, Scope


@dataclass(slots=True)
class Uses:
    """What the expressions of one specification turn out to need, gathered while it is converted.

    `data_keys` are the keys of the `$data` bag that are read, each with the path of the first use; None stands for
    the whole bag. `produced` are the keys that tasks can put into it.
    """

    secrets: set[str] = field(default_factory=set)
    data_keys: dict[str | None, str] = field(default_factory=dict)
    produced: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The surroundings of a task; the same object serves a whole list of tasks.

    `namespace` and `version` are those of the document. `convert_tasks` converts a nested list of tasks in the scope
    of the context that is passed to it. `data_keys` are the keys of the `$data` bag that tasks have to export.
    """

    namespace: str
    version: str
    options: ConvertOptions
    findings: Findings
    uses: Uses
    convert_tasks: "Callable[[list[tuple[JsonValue, str]], Context], list[JsonObject]]"
    scope: Scope
    data_keys: frozenset[str | None] = frozenset()

    def tasks(self, config: Fields, name: str, scope: Scope | None = None) -> list[JsonObject]:
        """Convert the nested tasks of a field, which needs at least one; `scope` is theirs."""
        inner = self if scope is None else replace(self, scope=scope)
        return self.convert_tasks(config.elements(name, least=1), inner)

    def text(self, value: str, path: str) -> str:
        """Convert text in a data position: `${ }` anywhere in it makes the whole one expression."""
        segments = self._split(value, path)
        match segments:
            case (Expression() as expression,):
                return jq_text.enclosed(self.jq(expression.source, path))
            case () | (Text(),) if "${" not in value and not jq_text.has_mustache(value):
                return value
            case _:
                return self._interpolation(segments, path)

    def uri(self, value: str, path: str) -> str:
        """Convert text in the place of a URI; a literal one must not contain white space."""
        converted = self.text(value, path)
        if converted == value and "${" not in value and value.split() != [value] and value:
            self.findings.error(
                "invalid-value", path, "a URI has no white space", "Write %20, or compute it in an expression."
            )
        return converted

    def expression(self, value: str, path: str, position: Position = "body") -> str:
        """Convert an expression-only field: bare jq, `${ jq }`, or jq with `${ }` around some of its operands."""
        return jq_text.enclosed(self.bare(value, path, position)) if value.strip() else ""

    def bare(self, value: str, path: str, position: Position = "body") -> str:
        """Convert an expression-only field to plain jq without `${ }`."""
        if is_strict(value):
            return self.jq(strip(value), path, position)
        try:
            program = jq_text.without_markers(value)
        except LexicalError as error:
            self.findings.error("invalid-expression", path, f"`{value}` is not jq: {error}")
            return "."
        return self.jq(program, path, position)

    def jq(self, program: str, path: str, position: Position = "body") -> str:
        """Rewrite a jq program into plain DSL; what is wrong with it is reported and the program returned as it is."""
        if not program.strip():
            self.findings.error("empty-expression", path, "the expression is empty", "Write at least `${ . }`.")
            return "."
        try:
            refused = forbidden(program)
            rewritten = to_dsl(program, self.scope, position)
        except LexicalError as error:
            self.findings.error("invalid-expression", path, f"`{program}` is not jq: {error}")
            return "."
        for name in refused:
            self.findings.error("forbidden-expression", path, f"`{name}` must not be used in an expression")
        for name in rewritten.unknown:
            if name not in refused:
                self.findings.error(
                    "unknown-variable", path, f"nothing binds the variable {name}", self._names_in_reach()
                )
        self.uses.secrets |= rewritten.secrets
        for key in rewritten.data_keys:
            self.uses.data_keys.setdefault(key, path)
        return rewritten.jq

    def json(self, value: JsonValue, path: str) -> JsonValue:
        """Convert free JSON data: every text in it may hold expressions; keys come out sorted."""
        match value:
            case str():
                return self.text(value, path)
            case dict():
                return {key: self.json(item, member(path, key)) for key, item in jq_text.sorted_entries(value)}
            case list():
                return [self.json(item, element(path, index)) for index, item in enumerate(value)]
            case _:
                return value

    def _split(self, value: str, path: str) -> jq_text.Segments:
        try:
            return split_text(value)
        except UnclosedExpression as error:
            self.findings.error(
                "invalid-expression", path, f"{error}, at character {error.offset + 1}", "A literal `${` is `$${`."
            )
            return ()

    def _interpolation(self, segments: jq_text.Segments, path: str) -> str:
        parts: list[tuple[bool, str]] = []
        for segment in segments:
            if isinstance(segment, Expression):
                parts.append((True, self.jq(segment.source, path)))
            else:
                parts += jq_text.mustache_parts(segment.value)
        match parts:
            case [(True, program)]:
                return jq_text.enclosed(program)
            case _:
                return jq_text.enclosed(jq_text.interpolated(parts))

    def _names_in_reach(self) -> str:
        names = [*sorted(self.scope.variables), "context", "input", "output", "secrets", "workflow", "runtime", "task"]
        return f"In reach are {', '.join(f'${name}' for name in names)}."
