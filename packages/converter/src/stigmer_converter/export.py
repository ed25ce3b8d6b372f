"""`export.as`: the contract keeps exports by task name, while the DSL's `export.as` replaces the whole context."""

import json

from stigmer_dsl.expressions import LexicalError, tokenize
from stigmer_dsl.json_types import JsonValue

from stigmer_converter.context import Context
from stigmer_converter.dialect import text as jq_text
from stigmer_converter.dialect.to_dsl import DATA
from stigmer_converter.reverse_context import ReverseContext

_CONTEXT = "($context // {})"
_MERGES = (("$context", "+"), ("(", "$context", "//", "{", "}", ")", "+"))


def convert_export(name: str, value: str, path: str, bag: str | None, context: Context) -> str:
    """Return the `as` of a task's export, empty when there is nothing to export.

    `value` becomes the entry `name` of the context. A program that itself starts by adding to `$context` is left as
    it is. `bag` is the program of what the task adds to the `$data` bag, None for nothing.
    """
    program = context.bare(value, path, "export") if value.strip() else ""
    entries = [] if bag is None else [(json.dumps("$data"), f"(({DATA} // {{}}) + {bag})")]
    if program and _merges_itself(program):
        merged = f"{_CONTEXT} + ({program})" if entries else program
    else:
        merged = _CONTEXT if entries or program else ""
        if program:
            entries.insert(0, (json.dumps(name, ensure_ascii=False), f"({program})"))
    if entries:
        merged += " + {" + ", ".join(f"{key}: {entry}" for key, entry in entries) + "}"
    return jq_text.enclosed(merged) if merged else ""


def revert_export(name: str, value: JsonValue, where: str, context: ReverseContext) -> str:
    """Return the contract's `export.as` of a document's one; an export that replaces the context is refused."""
    program = context.as_jq(value, where, "export") if not isinstance(value, str) else ""
    if isinstance(value, str):
        program = context.expression(value, where, "export").removeprefix("${ ").removesuffix(" }")
    entry = _entry(name, program)
    if entry is not None:
        return jq_text.enclosed(entry)
    if not _merges_itself(program):
        context.findings.error(
            "not-expressible", where, "`export.as`: a specification cannot express an export that replaces the context",
            f"Add to it: ${{ {_CONTEXT} + {{{json.dumps(name, ensure_ascii=False)}: (.)}} }}",
        )  # fmt: skip
    return jq_text.enclosed(program)


def _entry(name: str, program: str) -> str | None:
    """Return the program in `($context // {}) + {"name": (program)}`, None when it is something else."""
    start = f"{_CONTEXT} + {{{json.dumps(name, ensure_ascii=False)}: ("
    if not (program.startswith(start) and program.endswith(")}")):
        return None
    inner = program.removeprefix(start).removesuffix(")}")
    try:
        tokenize(inner)
    except LexicalError:
        return None
    return inner


def _merges_itself(program: str) -> bool:
    try:
        words = tuple(token.text for token in tokenize(program))
    except LexicalError:
        return False
    return any(words[: len(start)] == start for start in _MERGES)
