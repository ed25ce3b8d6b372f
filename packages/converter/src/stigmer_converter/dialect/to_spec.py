"""Plain jq of a document to the form of a specification: whatever `to_dsl` would read otherwise is written around.

For every program `p` that is accepted, `to_dsl(to_spec(p))` means the same as `p`.
"""

from stigmer_converter.dialect.edits import Edit, apply_edits
from stigmer_converter.dialect.occurrences import Occurrence, find_occurrences
from stigmer_converter.scope import PLACEHOLDER_KEY, Position, Scope


class NotExpressible(ValueError):
    """A variable that has no counterpart in a specification; the text is the end of a sentence about it."""


def to_spec(jq: str, scope: Scope, position: Position) -> str:
    """Rewrite one jq program. Raises NotExpressible, and LexicalError when it is not jq."""
    edits = [edit for found in find_occurrences(jq) if (edit := _edit(found, scope, position)) is not None]
    return apply_edits(jq, edits).strip()


def secrets_of(jq: str) -> frozenset[str]:
    """Name the secrets that a program takes as `$secrets.NAME`."""
    uses = find_occurrences(jq)
    return frozenset(use.key for use in uses if use.kind == "variable" and use.name == "secrets" and use.key)


def _edit(found: Occurrence, scope: Scope, position: Position) -> Edit | None:
    if found.kind == "field":
        in_input = position == "body" and found.root and not found.assigned
        return _field(found, scope) if in_input else None
    if found.name in scope.variables:
        if found.name in scope.errors and found.key == "message" and found.dotted:
            return Edit(found.end, found.key_end, '["message"]')
        return None
    match found.name:
        case "input":
            if position == "export":
                raise NotExpressible("`$input` in `export.as`: a specification reaches only the task's output there")
            return _renamed(found, "$output")
        case "env" | "data":
            raise NotExpressible(f"`${found.name}`, which is not a variable of the DSL")
        case _:
            return None


def _field(found: Occurrence, scope: Scope) -> Edit | None:
    placeholder = found.name in {"secrets", "env_vars"} and found.key and PLACEHOLDER_KEY.fullmatch(found.key)
    if found.name in scope.lifted or placeholder:
        return _renamed(found, f'.["{found.name}"]')
    return None


def _renamed(found: Occurrence, replacement: str) -> Edit:
    return Edit(found.start, found.end, f"{found.name}: {replacement}" if found.short else replacement)
