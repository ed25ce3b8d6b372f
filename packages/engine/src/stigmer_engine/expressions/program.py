"""Programs: what a document's expressions and templates become before they are evaluated.

A template (`set`, `with`, an object under `output.as`) holds any number of runtime expressions; all of them are
evaluated in one round trip, as one jq program that yields the array of their results, and then put in place.
"""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from stigmer_dsl.expressions import Expression, split_text, strip, tokenize, variables
from stigmer_dsl.json_types import JsonValue

from stigmer_engine.expressions.input_use import reads_input
from stigmer_engine.expressions.operators import Plain
from stigmer_engine.expressions.paths import Path, look_up, read_path
from stigmer_engine.expressions.plain import evaluate_plain, read_plain

Arrangement = Literal["array", "first-true"]
ARGUMENTS: Final = ("context", "input", "output", "secrets", "authorization", "task", "workflow", "runtime")
_ids = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One runtime expression: bare jq, and whether its result is put into text."""

    source: str
    as_text: bool = False


@dataclass(frozen=True, eq=False)
class Program:
    """Expressions evaluated together on the same `.` and variables.

    `variables` are the names (without `$`) that the expressions may read, in binding order; only these are sent.
    """

    leaves: tuple[Leaf, ...]
    place: Callable[[list[JsonValue]], JsonValue]
    variables: tuple[str, ...]
    arrangement: Arrangement = "array"
    number: int = field(default_factory=lambda: next(_ids))

    @property
    def constant(self) -> bool:
        """Whether there is nothing to evaluate."""
        return not self.leaves

    @cached_property
    def reads_input(self) -> bool:
        """Whether the value of `.` can matter."""
        return any(reads_input(leaf.source) for leaf in self.leaves)

    @cached_property
    def paths(self) -> tuple[Path, ...] | None:
        """The expressions as lookups, when every one of them is no more than that."""
        if self.arrangement != "array":
            return None
        paths: list[Path] = []
        for leaf in self.leaves:
            path = read_path(leaf.source, self.variables, as_text=leaf.as_text)
            if path is None:
                return None
            paths.append(path)
        return tuple(paths)

    @cached_property
    def plain(self) -> tuple[Plain, ...] | None:
        """The expressions in a form that needs no jq, when every one of them has it."""
        compiled: list[Plain] = []
        for leaf in self.leaves:
            plain = read_plain(leaf.source, self.variables, into_text=leaf.as_text)
            if plain is None:
                return None
            compiled.append(plain)
        return tuple(compiled)

    def answer(self, arguments: list[JsonValue], *, plain: bool) -> list[JsonValue] | None:
        """What jq would give, without jq: of lookups alone, or of all that is plain. None when it takes jq to know."""
        if not plain:
            return None if self.paths is None else look_up(self.paths, arguments)
        if self.plain is None:
            return None
        return evaluate_plain(self.plain, arguments, first_true=self.arrangement == "first-true")

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """Names of the secrets that the expressions read as `$secrets.NAME` or `$secrets["NAME"]`."""
        names: dict[str, None] = {}
        for leaf in self.leaves:
            if "$secrets" in leaf.source:
                names.update(dict.fromkeys(_secret_names(leaf.source)))
        return tuple(names)

    @property
    def text(self) -> str:
        """The jq text. Its input is the array `[., now, variable...]`; its one result is an array or an index."""
        names = ", ".join(["$__in", "$__now", *(f"${name}" for name in self.variables)])
        return f". as [{names}] | def now: $__now; $__in | {self._body()}"

    def alone(self, index: int) -> "Program":
        """The program of one leaf, to find out which of several failed."""
        return Program((self.leaves[index],), lambda results: results[0], self.variables)

    def _body(self) -> str:
        if self.arrangement == "first-true":
            branches = "".join(
                f"{'el' if index else ''}if {_single(leaf)} then {index} " for index, leaf in enumerate(self.leaves)
            )
            return f"[{branches}else null end]"
        return f"[{', '.join(_single(leaf) for leaf in self.leaves)}]"


def _single(leaf: Leaf) -> str:
    # A generator counts with its first result and an empty one as null, so every expression has exactly one value;
    # the line breaks end a comment with which the expression may close, continued by a backslash or not.
    value = f"([first(({leaf.source}\n\n))][0])"
    return f"({value} | tostring)" if leaf.as_text else value


def expression_program(text: str, names: frozenset[str]) -> Program:
    """A program for a field that takes an expression: bare jq, or one `${ }` and nothing else.

    Anything else with `${ }` in it is jq too, as the loader has checked it: a string that contains these characters.

    Args:
        text: the field's value.
        names: variables in scope beside the eight arguments (loop and error variables).
    """
    leaf = Leaf(strip(text))
    return Program((leaf,), lambda results: results[0], _used((leaf,), names))


def choice_program(conditions: tuple[str, ...], names: frozenset[str]) -> Program:
    """A program whose result is the index of the first true condition, or null; later ones are not evaluated."""
    leaves = tuple(Leaf(strip(condition)) for condition in conditions)
    return Program(leaves, lambda results: results[0], _used(leaves, names), "first-true")


def template_program(template: JsonValue, names: frozenset[str]) -> Program:
    """A program for a data position: strings are expressions only inside `${ }`, objects and arrays are walked."""
    leaves: list[Leaf] = []
    place = _compile(template, leaves)
    return Program(tuple(leaves), lambda results: place(iter(results)), _used(tuple(leaves), names))


def _used(leaves: tuple[Leaf, ...], names: frozenset[str]) -> tuple[str, ...]:
    mentioned = {name.removeprefix("$") for leaf in leaves for name in variables(leaf.source)}
    return tuple(sorted(mentioned & (names | frozenset(ARGUMENTS))))


def _secret_names(source: str) -> list[str]:
    tokens = tokenize(source)
    names = []
    for index, token in enumerate(tokens):
        if token.kind != "variable" or token.text.removeprefix("$").strip() != "secrets":
            continue
        following = tokens[index + 1 : index + 6]
        texts = [following_token.text for following_token in following]
        if following and following[0].kind == "field":
            names.append(texts[0].removeprefix("."))
        elif texts[:2] == ["[", '"'] and texts[3:5] == ['"', "]"]:
            names.append(texts[2])
    return names


_Place = Callable[[Iterator[JsonValue]], JsonValue]


def _compile(template: JsonValue, leaves: list[Leaf]) -> _Place:
    if _literal(template):
        return lambda _results: template
    if isinstance(template, str):
        return _compile_text(template, leaves)
    if isinstance(template, dict):
        members = [(key, _compile(value, leaves)) for key, value in template.items()]
        return lambda results: {key: member(results) for key, member in members}
    items = [_compile(value, leaves) for value in template]
    return lambda results: [item(results) for item in items]


def _literal(template: JsonValue) -> bool:
    """Whether the template is its own value: no `${`, not even an escaped one."""
    if isinstance(template, str):
        return "${" not in template
    if isinstance(template, dict):
        return all(map(_literal, template.values()))
    if isinstance(template, list):
        return all(map(_literal, template))
    return True


def _compile_text(text: str, leaves: list[Leaf]) -> _Place:
    segments = split_text(text)
    if len(segments) == 1 and isinstance(segments[0], Expression):
        leaves.append(Leaf(segments[0].source))
        return next
    parts: list[str | None] = []
    for segment in segments:
        if isinstance(segment, Expression):
            leaves.append(Leaf(segment.source, as_text=True))
            parts.append(None)
        else:
            parts.append(segment.value)
    if None not in parts:
        literal = "".join(part or "" for part in parts)
        return lambda _results: literal
    return lambda results: "".join(str(next(results)) if part is None else part for part in parts)


# `json.dumps` with arguments would make an encoder each time.
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def encode_arguments(arguments: list[JsonValue]) -> bytes:
    """The JSON text of a program's input. Lone surrogates are replaced, as jq would."""
    return _to_json(arguments).encode(errors="replace")
