"""An expression that is said not to read `.` gives the same for every `.`."""

import pytest
from stigmer_dsl.json_types import JsonValue
from stigmer_engine.expressions import Evaluator, expression_program, template_program
from stigmer_engine.expressions.input_use import reads_input

DOTS: tuple[JsonValue, ...] = (None, {"a": 1, "b": {"c": 2}}, [1, 2], "text", 7)
WITHOUT = (
    "$item.price > 3",
    "$item.price * 2 + -1",
    '$item.name == "red" or $item["name"] == "blue"',
    "($item.tags[0] // 1) != null",
    "[$item.price][0] <= 10 and true",
    "$item .price",
    '"text without interpolation"',
    "1.5",
    "$item.a.b.c",
    "$item.price # a remark on .",
)


@pytest.mark.parametrize("source", WITHOUT)
async def test_without_input_every_input_gives_the_same(source: str) -> None:
    assert not reads_input(source)
    item: JsonValue = {"price": 5, "name": "red", "tags": [3]}
    program = expression_program(source, frozenset({"item"}))
    arguments: list[JsonValue] = [item] if program.variables else []
    async with Evaluator() as evaluator:
        values = [await evaluator.evaluate(program, [dot, 0, *arguments]) for dot in DOTS]
    assert values == [values[0]] * len(DOTS)


@pytest.mark.parametrize(
    "source",
    [
        ".",
        ".a",
        ".[0]",
        "..",
        "keys",
        "$item + .a",
        "$item + length",
        "[.a]",
        "($item) + (.a)",
        '"\\(.a)"',
        "@base64",
        "{a}",
        "{a: .b}",
        "if $item then 1 end",
        "$item as $x | .a",
        "$item | not",
        "input",
        "$item.a .b, .c",
        "-.a",
        "1 .a",
    ],
)
def test_when_in_doubt_it_reads(source: str) -> None:
    assert reads_input(source)


def test_a_template_reads_when_one_of_its_expressions_does() -> None:
    assert not template_program({"a": "${ $item + 1 }", "b": ["${ $item * 2 }"]}, frozenset({"item"})).reads_input
    assert template_program({"a": "${ $item + 1 }", "b": ["${ .c }"]}, frozenset({"item"})).reads_input
