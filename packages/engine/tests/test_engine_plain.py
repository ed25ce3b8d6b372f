"""Which expressions are answered without jq, with what, and which are left to it."""

import asyncio
import json

import pytest
from stigmer_dsl.json_types import JsonValue
from stigmer_engine.expressions import Evaluator, choice_program, expression_program, template_program
from stigmer_engine.expressions.program import encode_arguments
from stigmer_engine.faults import Fault

NAMES = frozenset({"item"})
GIVEN: JsonValue = {
    "a": 3, "b": 4, "half": 0.5, "text": "open", "yes": True, "no": None, "more": {"a": 1}, "list": [1], "far": 2**53,
    "less": -3,
}  # fmt: skip


def answer(source: str, dot: JsonValue = GIVEN) -> list[JsonValue] | None:
    return expression_program(source, NAMES).answer([dot, 0, 7], plain=True)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (".a + .b", 7),
        (".a + .b * 2", 11),
        ("(.a + .b) * 2", 14),
        (".a - .b - 1", -2),
        (".a - (.b - 1)", 0),
        ("-.a + 1", -2),
        (". - 1", 2),
        (".a-1", 2),
        (".a * .half", 1.5),
        (".b * .half", 2),
        (".a / 2", 1.5),
        (".b / 2", 2),
        (".a % 2", 1),
        ('"is " + .text', "is open"),
        (".missing + 1", 1),
        (".a + 1 == .b and .yes", True),
        (".a == 3 or .a == 4 and .no", True),
        ("(.a == 3 or .a == 4) and .no", False),
        ('.text == "open"', True),
        ('.text < "opened"', True),
        (".no == null", True),
        (".more != null", True),
        (".a < .text", True),
        (".yes > false", True),
        (".more.a >= 1.0", True),
        (".missing // .a", 3),
        (".no // false // .b", 4),
        (".no // .more", {"a": 1}),
        (".a == 3 | not", False),
        (".no and .text.a", False),
        (".half", 0.5),
    ],
)
def test_what_is_answered(runner: asyncio.Runner, evaluator: Evaluator, source: str, value: JsonValue) -> None:
    dot = 3 if source == ". - 1" else GIVEN
    assert json.dumps(answer(source, dot)) == json.dumps([value])
    by_jq = runner.run(evaluator.evaluate(expression_program(source, NAMES), [dot, 0], plain=False))
    assert json.dumps(by_jq) == json.dumps(value)


async def test_a_variable_with_an_operator_close_to_it() -> None:
    program = expression_program("$item-1", NAMES)
    assert program.answer([None, 0, 7], plain=True) == [6]
    async with Evaluator() as evaluator:
        assert await evaluator.evaluate(program, [None, 0, 7], plain=False) == 6


@pytest.mark.parametrize(
    "source",
    [
        # What jq refuses to compile, or to evaluate.
        ".a == .b == .yes",
        ".a < .b < 5",
        ".a + .text",
        ".text - 1",
        "-.text",
        ".text.a == 1",
        ".a / 0",
        ".a % 0",
        ".a +",
        # What it may write in another way than Python does.
        ".far + 1",
        ".far * 2",
        "0 * .less",
        "0 / .less",
        ".less % 2",
        ".a % .less",
        "-0",
        "1.0 - 1",
        ".half - .half",
        "9007199254740993 == .far",
        ".half == 0.5000000000000000000000001",
        '"\\u0041"',
        '"\\(.a)"',
        # What is for jq anyway.
        ".list == .list",
        ".more + .more",
        ".list[0] + 1",
        ".a as $x | $x",
        ".a | . + 1",
        ".a, .b",
        "now > 1",
        "length > 1",
        ".a? // 1",
        ".a += 1",
        "$__loc__.line == 1",
        ".a # + 1",
        "(" * 40 + ".a" + ")" * 40,
        " + ".join([".a"] * 40),
    ],
)
def test_what_is_left_to_jq(source: str) -> None:
    assert answer(source) is None


def test_a_number_with_a_point_is_put_into_text_by_jq() -> None:
    assert template_program("${ .a + 1 } of ${ .yes }, ${ .no }", NAMES).answer([GIVEN, 0], plain=True) == [
        "4",
        "true",
        "null",
    ]
    assert template_program("${ .half } of 1", NAMES).answer([GIVEN, 0], plain=True) is None
    assert template_program("${ 1.50 } of 2", NAMES).answer([GIVEN, 0], plain=True) is None


def test_long_texts_are_left_to_jq() -> None:
    """The work on them counts, and only there is it counted."""
    assert answer('. + "x"', "x" * 4000) == ["x" * 4001]
    assert answer('. + "x"', "x" * 5000) is None
    assert answer('. == "x"', "x" * 5000) is None


def test_a_choice_is_answered_up_to_the_first_that_holds() -> None:
    program = choice_program((".a > 3", ".a == 3", ".text.a"), NAMES)
    assert program.answer([GIVEN, 0], plain=True) == [1]
    assert program.answer([{"a": 4}, 0], plain=True) == [0]
    assert program.answer([{"a": 1}, 0], plain=True) == [None]
    assert program.answer([{"a": 1, "text": "x"}, 0], plain=True) is None


def test_one_expression_for_jq_takes_all_of_its_program_there() -> None:
    program = template_program({"sum": "${ .a + .b }", "size": "${ .list | length }"}, NAMES)
    assert program.answer([GIVEN, 0], plain=True) is None


def test_without_plain_only_lookups_are_answered() -> None:
    arguments: list[JsonValue] = [GIVEN, 0]
    assert expression_program(".a", NAMES).answer(arguments, plain=False) == [3]
    assert expression_program(".a + 1", NAMES).answer(arguments, plain=False) is None


@pytest.mark.parametrize("plain", [True, False])
async def test_the_expression_at_fault_is_looked_for_in_the_same_way(plain: bool) -> None:
    program = template_program(["${ .a + 1 }", "${ .a + .text }"], NAMES)
    async with Evaluator() as evaluator:
        with pytest.raises(Fault, match=r"\.a \+ \.text"):
            await evaluator.evaluate(program, [GIVEN, 0], plain=plain)
        together = len(encode_arguments([GIVEN, 0]))
        # Both together, then the second alone; the first one too, if it is for jq.
        asked = evaluator.exchanged // together
        assert asked == (2 if plain else 3)
