"""Zigflow's expressions as jq of the DSL.

A translated workflow hands Zigflow's whole state from task to task: `{context, data, output, steps, loop}` is the `.`
of every task. So branches, loops and `try` see and drop it as Zigflow's child workflows do, and nothing in an engine
has to know of it. An expression is a program in front of which its names are bound.
"""

import itertools
import json
from collections.abc import Iterable

from stigmer_dsl.expressions import FORBIDDEN, LexicalError, tokenize
from stigmer_dsl.expressions.names import forbidden_in, identifiers_in, variables_in
from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.syntax.tree import join_pointer
from stigmer_dsl.validation.findings import did_you_mean, listing
from stigmer_dsl.zigflow.book import Book

NAMES = ("$context", "$data", "$env", "$input", "$output")
_BINDINGS = {
    "$data": "($zigflow.data + {task: {name: $task.name}}) as $data | ",
    "$context": "$zigflow.context as $context | ",
    "$env": "$runtime.metadata.env as $env | ",
    "$output": "$zigflow.output as $output | ",
    "$input": "$workflow.input as $input | ",
}
# Independent polynomial hashes below 2^31 (products stay below 2^53); seven hexadecimal digits are taken of each.
_UUID = """def zigflow_uuid($place):
  "\\($workflow.id)|\\($task.reference)|\\($zigflow.steps)|\\($place)" | explode as $text
  | [1000003, 1299709, 999983, 1046527, 65599]
  | map(. as $by
      | reduce $text[] as $one (5381; (. * $by + $one) % 2147483647)
      | reduce range(7) as $_ ([., ""];
          [(.[0] / 16 | floor), ("0123456789abcdef"[(.[0] % 16):(.[0] % 16 + 1)]) + .[1]])
      | .[1])
  | add
  | "\\(.[0:8])-\\(.[8:12])-4\\(.[13:16])-8\\(.[17:20])-\\(.[20:32])";
"""
_TIMES = "def timestamp: now | floor; def timestamp_iso8601: now | floor | todate; "
_REPEATING = frozenset(
    {"def", "foreach", "limit", "map", "map_values", "range", "recurse", "reduce", "repeat", "until", "walk", "while"}
)


def source_of(text: str) -> str | None:
    """Return the jq of a Zigflow expression, None for literal text.

    There an expression starts with `${` and ends with `}`, nothing around it, and quotes are double ones.
    """
    if text.startswith("${") and text.endswith("}"):
        return text[2:-1].strip().replace("'", '"')
    return None


def bind(source: str, pointer: str, book: Book, *, state: str = ".", dot: str = "null") -> str:
    """Return jq that gives the first value of a Zigflow expression; `state` is jq for the state, `dot` for `.`."""
    used = check(source, pointer, book)
    source, functions = _functions(source, pointer, book)
    bindings = "".join(text for name, text in _BINDINGS.items() if name in used)
    return f"([first({state} as $zigflow | {functions}{bindings}{dot} | ({source}\n))][0])"


def check(source: str, pointer: str, book: Book) -> frozenset[str]:
    """Report what is wrong with an expression without compiling it; return the variables that it uses."""
    try:
        tokens = tokenize(source)
    except LexicalError as error:
        book.findings.add(
            "invalid-expression", pointer, f"This is not jq: {error}", "See the jq manual for the syntax."
        )
        return frozenset()
    if not tokens:
        book.findings.add("empty-expression", pointer, "The expression is empty", "Write an expression.")
    used = variables_in(tokens)
    for name in sorted(used.difference(NAMES)):
        hint = did_you_mean(name, NAMES) or f"Zigflow knows {listing(NAMES)}."
        book.findings.add("unknown-variable", pointer, f"The variable `{name}` does not exist here", hint)
    for name in forbidden_in(tokens):
        what = f"`{name}` is not allowed in a workflow: {FORBIDDEN[name]}"
        book.findings.add("forbidden-function", pointer, what, "Use `$env` for variables, `$input` for input.")
    for token, following in itertools.pairwise(tokens):
        if token.text == "$data" and following.text in {".workflow", ".activity"}:
            book.refuse(pointer, f"`$data{following.text}`", "It tells about Temporal; leave it out.")
    return used


def _functions(source: str, pointer: str, book: Book) -> tuple[str, str]:
    """Return the source with each `uuid` told from the others, and the definitions of Zigflow's functions it uses."""
    try:
        tokens = tokenize(source)
    except LexicalError:
        return source, ""
    found = list(identifiers_in(tokens))
    names = {token.text for token in found}
    parts, position = [], 0
    for number, token in enumerate(one for one in found if one.text == "uuid"):
        parts += [source[position : token.start], f"zigflow_uuid({json.dumps(f'{pointer}#{number}')})"]
        position = token.end
    empty_brackets = any(a.text == "[" and b.text == "]" for a, b in itertools.pairwise(tokens))
    if position and (names & _REPEATING or empty_brackets or any(token.text == ".." for token in tokens)):
        book.refuse(pointer, "`uuid` inside an iteration of one expression", "Give each its own expression.")
    definitions = (_UUID if position else "") + (_TIMES if names & {"timestamp", "timestamp_iso8601"} else "")
    return "".join([*parts, source[position:]]), definitions


def leaf(text: str, pointer: str, book: Book, *, state: str = ".") -> str:
    """Return a string of a data position as the DSL writes it; text that is no expression stays as it is."""
    source = source_of(text)
    if source is None:
        return text.replace("${", "$${")
    return f"${{ {bind(source, pointer, book, state=state)} }}"


def template(value: JsonValue, pointer: str, book: Book) -> JsonValue:
    """Return data with its expressions as the DSL writes them."""
    if isinstance(value, str):
        return leaf(value, pointer, book)
    if isinstance(value, list):
        return [template(item, join_pointer(pointer, index), book) for index, item in enumerate(value)]
    if isinstance(value, dict):
        return {key: template(item, join_pointer(pointer, key), book) for key, item in value.items()}
    return value


def program(value: JsonValue, pointer: str, book: Book, *, state: str, dot: str) -> str:
    """Return data with expressions as one jq expression."""
    if isinstance(value, str):
        source = source_of(value)
        return literal(value) if source is None else bind(source, pointer, book, state=state, dot=dot)
    if isinstance(value, list):
        items = (
            program(item, join_pointer(pointer, index), book, state=state, dot=dot) for index, item in enumerate(value)
        )
        return f"[{', '.join(items)}]"
    if isinstance(value, dict):
        members = (
            f"{literal(key)}: {program(item, join_pointer(pointer, key), book, state=state, dot=dot)}"
            for key, item in value.items()
        )
        return f"{{{', '.join(members)}}}"
    return literal(value)


def literal(value: JsonValue) -> str:
    """Return a value as jq."""
    return json.dumps(value, ensure_ascii=False)


def condition(value: JsonValue, pointer: str, book: Book) -> str:
    """Return jq for `if` and `when`: true, false, or the texts that Zigflow takes for true; anything else fails."""
    source = source_of(value) if isinstance(value, str) else None
    if source is None:
        book.refuse(pointer, "A condition that is not one `${ }` expression", "Write it in `${ }`.")
        return "true"
    texts = 'ascii_upcase as $text | $text == "TRUE" or $text == "1"'
    failure = 'error("a condition must give true or false")'
    value_of = bind(source, pointer, book)
    return f'{value_of} | if type == "boolean" then . elif type == "string" then ({texts}) else {failure} end'


def merged(parts: Iterable[str]) -> str:
    """Return jq that adds up objects."""
    return f"({' + '.join(parts)})"
