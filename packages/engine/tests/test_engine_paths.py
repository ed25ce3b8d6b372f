"""Paths give what jq gives: the same value, or the same refusal."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stigmer_dsl.json_types import JsonValue
from stigmer_engine.expressions import Evaluator, expression_program, template_program
from stigmer_engine.expressions.paths import Path, read_path
from stigmer_engine.faults import Fault

# Within what a double holds exactly; beyond it jq rounds some results of its own.
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
KEYS = st.sampled_from(["a", "b", "_c", "if", "then", "and", "null", "A1"])
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | TEXT, inner, max_size=4),
    max_leaves=12,
)
SOURCES = st.builds(
    lambda root, keys, space: f"{space}{root}{''.join(f'.{key}' for key in keys) or ('' if root else '.')}{space}",
    st.sampled_from(["", "$item", "$input"]),
    st.lists(KEYS, max_size=3),
    st.sampled_from(["", " ", "\n"]),
)


async def value_or_refusal(evaluator: Evaluator, source: str, arguments: list[JsonValue]) -> tuple[bool, str]:
    program = expression_program(source, frozenset({"item"}))
    by_name: dict[str, JsonValue] = {"item": arguments[1], "input": arguments[2]}
    try:
        value = await evaluator.evaluate(program, [arguments[0], 0, *(by_name[name] for name in program.variables)])
    except Fault as refused:
        return False, refused.error.title
    return True, json.dumps(_plain(value), sort_keys=True)


def _plain(value: JsonValue) -> JsonValue:
    """The value with whole numbers written in one way: jq writes 1e16 in digits."""
    match value:
        case float():
            return int(value) if value.is_integer() else value
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case _:
            return value


@settings(max_examples=300, deadline=None)
@given(source=SOURCES, arguments=st.lists(VALUES, min_size=3, max_size=3))
def test_a_path_and_jq_agree(
    runner: asyncio.Runner, evaluator: Evaluator, source: str, arguments: list[JsonValue]
) -> None:
    # In parentheses it is no path any more, and jq answers.
    assert expression_program(source, frozenset({"item"})).paths is not None
    assert expression_program(f"({source})", frozenset({"item"})).paths is None
    by_path = runner.run(value_or_refusal(evaluator, source, arguments))
    by_jq = runner.run(value_or_refusal(evaluator, f"({source})", arguments))
    assert by_path == by_jq


@pytest.mark.parametrize(
    ("source", "path"),
    [
        (".", Path(argument=0, keys=(), as_text=False)),
        (" .a.b_2 ", Path(argument=0, keys=("a", "b_2"), as_text=False)),
        ("$item", Path(argument=3, keys=(), as_text=False)),
        ("$at.x", Path(argument=2, keys=("x",), as_text=False)),
    ],
)
def test_what_a_path_is(source: str, path: Path) -> None:
    assert read_path(source, ("at", "item"), as_text=False) == path


@pytest.mark.parametrize(
    "source",
    [
        "",
        "..",
        ".a.",
        ".a..b",
        ". a",
        ".a[0]",
        ".a?",
        '."a"',
        ".1",
        "$",
        "$other",
        "$__loc__",
        "$item .a",
        ".a # b",
        ".ä",
    ],
)
def test_what_is_left_to_jq(source: str) -> None:
    assert read_path(source, ("at", "item"), as_text=False) is None


async def test_text_is_put_together_without_jq_only_from_text() -> None:
    program = template_program("Dear ${ .name }, ${ .count }", frozenset())
    async with Evaluator() as evaluator:
        assert await evaluator.evaluate(program, [{"name": "Ann", "count": "2"}, 0]) == "Dear Ann, 2"
        assert await evaluator.evaluate(program, [{"name": "Ann", "count": 2.5}, 0]) == "Dear Ann, 2.5"
        assert await evaluator.evaluate(program, [{"name": {"first": "A"}}, 0]) == 'Dear {"first":"A"}, null'
