"""Specification dialects to plain jq with the DSL's runtime expression arguments.

| A specification says | The DSL gets |
|---|---|
| `.item`, `$data.item` in a loop over `item` | `$item` |
| `.error`, `.error.message` in a catch | `$error`, `($error.detail // $error.title)` |
| `.secrets.KEY` | `$secrets.KEY` |
| `.env_vars.KEY`, `$env.KEY` | `$runtime.metadata.env.KEY`, with the default of `env_spec` |
| `$input` | `$workflow.input` |
| `$output` | `$input`, the value that flows into the task; in `export.as` it stays |
| `$data.KEY` | `$context["$data"].KEY`, which the producing tasks export |
"""

import json
from dataclasses import dataclass, field

from stigmer_converter.dialect.edits import Edit, apply_edits, on_one_line
from stigmer_converter.dialect.occurrences import Occurrence, find_occurrences
from stigmer_converter.scope import ARGUMENTS, PLACEHOLDER_KEY, Position, Scope

DATA = '$context["$data"]'
"""Where the bag that the `$data` dialect reads is kept."""
_ENV = "$runtime.metadata.env"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """A program in plain jq, and what it takes: secrets by name, keys of the `$data` bag (None: the whole bag).

    `unknown` are the variables that nothing binds, each with `$`.
    """

    jq: str
    secrets: frozenset[str] = frozenset()
    data_keys: frozenset[str | None] = frozenset()
    unknown: tuple[str, ...] = ()


@dataclass(slots=True)
class _Uses:
    secrets: set[str] = field(default_factory=set)
    data_keys: set[str | None] = field(default_factory=set)
    unknown: dict[str, None] = field(default_factory=dict)


def to_dsl(jq: str, scope: Scope, position: Position) -> Rewritten:
    """Rewrite one jq program. Raises `stigmer_dsl.expressions.LexicalError` when it is not jq."""
    uses = _Uses()
    edits = [edit for found in find_occurrences(jq) if (edit := _edit(found, scope, position, uses)) is not None]
    return Rewritten(
        jq=on_one_line(apply_edits(jq, edits)),
        secrets=frozenset(uses.secrets),
        data_keys=frozenset(uses.data_keys),
        unknown=tuple(uses.unknown),
    )


def _edit(found: Occurrence, scope: Scope, position: Position, uses: _Uses) -> Edit | None:
    if found.kind == "field":
        in_input = position == "body" and found.root and not found.assigned
        return _field(found, scope, uses) if in_input else None
    if found.name in scope.variables:
        return _message(found, scope)
    match found.name:
        case "secrets":
            if found.key is not None:
                uses.secrets.add(found.key)
            return None
        case "env":
            return _environment(found, scope, uses)
        case "data":
            return _data(found, scope, uses)
        case "input":
            return _whole(found, "$workflow.input")
        case "output":
            return None if position == "export" else _whole(found, "$input")
        case name:
            if name not in ARGUMENTS:
                uses.unknown[f"${name}"] = None
            return None


def _field(found: Occurrence, scope: Scope, uses: _Uses) -> Edit | None:
    if found.name in scope.lifted:
        return _message(found, scope) or _whole(found, f"${found.name}")
    if found.key is None or not PLACEHOLDER_KEY.fullmatch(found.key):
        return None
    if found.name == "secrets":
        uses.secrets.add(found.key)
        return _whole(found, "$secrets")
    return _environment(found, scope, uses) if found.name == "env_vars" else None


def _message(found: Occurrence, scope: Scope) -> Edit | None:
    """`message` of a caught error: the SDK's name for what the DSL's error calls `detail`, or else `title`."""
    if found.name not in scope.errors or found.key != "message" or not found.dotted:
        return None
    return Edit(found.start, found.key_end, f"(${found.name}.detail // ${found.name}.title)")


def _environment(found: Occurrence, scope: Scope, uses: _Uses) -> Edit:
    if found.key is None:
        return _whole(found, _ENV)
    if found.key in scope.secrets:
        uses.secrets.add(found.key)
        return _whole(found, "$secrets")
    default = scope.environment.get(found.key)
    if not default:
        return _whole(found, _ENV)
    member = _member(found.key)
    return Edit(found.start, found.key_end, f"({_ENV}{member} // {json.dumps(default, ensure_ascii=False)})")


def _data(found: Occurrence, scope: Scope, uses: _Uses) -> Edit:
    if found.key is not None and found.key in scope.variables:
        return Edit(found.start, found.key_end, f"${found.key}")
    uses.data_keys.add(found.key)
    return _whole(found, DATA if found.key is not None else f"({DATA} // {{}})")


def _whole(found: Occurrence, replacement: str) -> Edit:
    """Replace the name; a short object entry (`{item}`) keeps its key."""
    text = f"{found.name}: {replacement}" if found.short else replacement
    return Edit(found.start, found.end, text)


def _member(key: str) -> str:
    return f".{key}" if key.isidentifier() and key.isascii() else f"[{json.dumps(key, ensure_ascii=False)}]"
