"""What a task kind needs on the way back: expressions written around the dialects, nested tasks reverted."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from stigmer_dsl.expressions import Expression, LexicalError, Text, UnclosedExpression, split_text, strip
from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_converter.dialect import text as jq_text
from stigmer_converter.dialect.to_spec import NotExpressible, secrets_of, to_spec
from stigmer_converter.options import ConvertOptions
from stigmer_converter.paths import pointer
from stigmer_converter.problem import Findings
from stigmer_converter.scope import Position, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class ReverseContext:
    """The surroundings of a task of a document; `namespace` and `version` are those of the document.

    `secrets` collects the names of the secrets that expressions use.
    """

    namespace: str
    version: str
    options: ConvertOptions
    findings: Findings
    revert_tasks: "Callable[[JsonValue, str, ReverseContext], list[JsonObject]]"
    scope: Scope
    secrets: set[str]

    def tasks(self, value: JsonValue, where: str, scope: Scope | None = None) -> list[JsonObject]:
        """Revert a nested list of tasks at a JSON pointer; `scope` is theirs."""
        return self.revert_tasks(value, where, self if scope is None else replace(self, scope=scope))

    def text(self, value: JsonValue, where: str) -> str:
        """Revert text in a data position."""
        if not isinstance(value, str):
            self.findings.error("not-expressible", where, "a specification has text here, not another JSON type")
            return ""
        segments = self._split(value, where)
        if any(isinstance(segment, Text) and jq_text.has_mustache(segment.value) for segment in segments):
            return jq_text.enclosed(self._program(segments, where))
        parts = [
            jq_text.enclosed(self.jq(segment.source, where))
            if isinstance(segment, Expression)
            else segment.value.replace("${", "$${")
            for segment in segments
        ]
        return "".join(parts)

    def expression(self, value: str, where: str, position: Position = "body") -> str:
        """Revert an expression-only field; it comes out in `${ }`."""
        try:
            return jq_text.enclosed(self.jq(strip(value), where, position))
        except UnclosedExpression as error:
            self.findings.error("invalid-expression", where, str(error))
            return ""

    def jq(self, program: str, where: str, position: Position = "body") -> str:
        """Write a jq program so that conversion reads it as the document meant it."""
        try:
            self.secrets.update(secrets_of(program))
            return to_spec(program, self.scope, position)
        except LexicalError as error:
            self.findings.error("invalid-expression", where, f"`{program}` is not jq: {error}")
        except NotExpressible as error:
            self.findings.error("not-expressible", where, f"a specification cannot express {error}")
        return "."

    def json(self, value: JsonValue, where: str) -> JsonValue:
        """Revert free JSON data."""
        match value:
            case str():
                return self.text(value, where)
            case dict():
                return {key: self.json(item, pointer(where, key)) for key, item in value.items()}
            case list():
                return [self.json(item, pointer(where, index)) for index, item in enumerate(value)]
            case _:
                return value

    def as_text(self, value: JsonValue, where: str) -> str:
        """Revert any JSON value to text: text stays, everything else becomes an expression that yields it."""
        return self.text(value, where) if isinstance(value, str) else jq_text.enclosed(self.as_jq(value, where))

    def as_jq(self, value: JsonValue, where: str, position: Position = "body") -> str:
        """Return a jq program that yields a JSON value whose texts may hold expressions."""
        match value:
            case str():
                return self._program(self._split(value, where), where, position)
            case dict():
                return jq_text.object_literal(
                    [(key, self.as_jq(item, pointer(where, key), position)) for key, item in value.items()]
                )
            case list():
                items = (self.as_jq(item, pointer(where, index), position) for index, item in enumerate(value))
                return f"[{', '.join(items)}]"
            case _:
                return jq_text.scalar(value) or "null"

    def _program(self, segments: jq_text.Segments, where: str, position: Position = "body") -> str:
        match segments:
            case (Expression() as expression,):
                return f"({self.jq(expression.source, where, position)})"
            case _:
                return jq_text.interpolated(
                    [
                        (True, self.jq(segment.source, where, position))
                        if isinstance(segment, Expression)
                        else (False, segment.value)
                        for segment in segments
                    ]
                )

    def _split(self, value: str, where: str) -> jq_text.Segments:
        try:
            return split_text(value)
        except UnclosedExpression as error:
            self.findings.error("invalid-expression", where, str(error))
            return ()
