"""Expressions that misbehave: each ends in an `expression` fault of its own workflow, and nobody else notices."""

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest
from stigmer_dsl import InvalidDocument
from stigmer_engine import Engine, EngineConfig, EvaluatorConfig, Fault
from stigmer_engine.expressions import Evaluator, Program, expression_program
from stigmer_engine.testing import HEADER

NAMES: frozenset[str] = frozenset()


def program(text: str) -> Program:
    return expression_program(text, NAMES)


async def value_of(evaluator: Evaluator, text: str, dot: object = None) -> object:
    """What jq says, also of expressions that need no jq."""
    return await evaluator.evaluate(program(text), [dot, 0], plain=False)


def children() -> set[int]:
    """Process ids of this process's children that evaluate."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
                command = (entry / "cmdline").read_text()
            except OSError:
                continue
            parent = int(stat.rpartition(")")[2].split()[1])
            if parent == os.getpid() and "worker.py" in command:
                found.add(int(entry.name))
    return found


ENDLESS = [
    "last(repeat(1))",
    "[range(1e12)] | length",
    "def f: f; f",
    "until(false; . + 1)",
    "[limit(1e15; repeat(0))] | length",
]


@pytest.mark.parametrize("text", ENDLESS)
async def test_an_endless_expression_is_over_budget(text: str) -> None:
    async with Evaluator(EvaluatorConfig(budget_seconds=0.2, memory_bytes=256 << 20)) as evaluator:
        with pytest.raises(Fault) as raised:
            await value_of(evaluator, text, 1)
        assert raised.value.error.title == "Expression over budget"
        assert raised.value.error.status == 400
        assert await value_of(evaluator, ". + 1", 1) == 2


BOMBS = [
    '"x" * 1e9 | length',
    "[range(1e8)] | length",
    "reduce range(40) as $i ([0]; . + .) | length",
]


@pytest.mark.parametrize("text", BOMBS)
async def test_a_memory_bomb_is_over_budget(text: str) -> None:
    async with Evaluator(EvaluatorConfig(budget_seconds=20, memory_bytes=128 << 20)) as evaluator:
        with pytest.raises(Fault) as raised:
            await value_of(evaluator, text)
        assert raised.value.error.type.endswith("/expression")
        assert await value_of(evaluator, "1") == 1


DEEP = [
    "def f: [f]; f",
    "def f: 1 + f; f",
    "reduce range(9000) as $i (0; [.])",
    "reduce range(100000) as $i (0; {a: .})",
]


@pytest.mark.parametrize("text", DEEP)
async def test_depth_is_no_crash(text: str) -> None:
    async with Evaluator(EvaluatorConfig(budget_seconds=1, memory_bytes=256 << 20)) as evaluator:
        with pytest.raises(Fault) as raised:
            await value_of(evaluator, text)
        assert raised.value.error.type.endswith("/expression")
        assert await value_of(evaluator, "1") == 1


async def test_depth_within_the_limit_is_a_value() -> None:
    async with Evaluator() as evaluator:
        value = await value_of(evaluator, "reduce range(200) as $i (0; [.])")
        assert json.dumps(value) == "[" * 200 + "0" + "]" * 200


async def test_a_catastrophic_regular_expression() -> None:
    async with Evaluator(EvaluatorConfig(budget_seconds=0.3)) as evaluator:
        try:
            assert await value_of(evaluator, 'test("^(a+)+$")', "a" * 40 + "b") is False
        except Fault as error:
            assert error.error.type.endswith("/expression")  # noqa: PT017 - either end is right, if it ends
        assert await value_of(evaluator, "1") == 1


async def test_one_endless_expression_beside_fifty_quick_workflows() -> None:
    async with Engine(EngineConfig(evaluator=EvaluatorConfig(budget_seconds=2, processes=2))) as engine:
        endless = engine.load(HEADER + "do: [a: {set: {x: '${ last(repeat(1)) }'}}]")
        quick = engine.load(HEADER + "do: [f: {for: {in: '20'}, do: [a: {set: {x: '${ $item + 1 }'}}]}]")
        slow = engine.start(endless)
        await asyncio.sleep(0.05)
        others = [engine.start(quick) for _ in range(50)]
        for other in others:
            assert (await other.wait()).output == {"x": 20}
        assert not slow.done
        result = await slow.wait()
        assert result.error is not None
        assert result.error.title == "Expression over budget"


async def test_a_child_killed_from_outside() -> None:
    async with Evaluator(EvaluatorConfig(budget_seconds=30, processes=1)) as evaluator:
        before = children()
        running = asyncio.ensure_future(value_of(evaluator, "last(repeat(1))"))
        await asyncio.sleep(0.3)
        (child,) = children() - before
        os.kill(child, signal.SIGKILL)
        with pytest.raises(Fault) as raised:
            await running
        assert raised.value.error.type.endswith("/expression")
        assert await value_of(evaluator, ". + 1", 1) == 2


async def test_an_idle_child_killed_from_outside_is_replaced() -> None:
    async with Evaluator(EvaluatorConfig(processes=1)) as evaluator:
        before = children()
        assert await value_of(evaluator, "1") == 1
        (child,) = children() - before
        os.kill(child, signal.SIGKILL)
        await asyncio.sleep(0.1)
        assert await value_of(evaluator, "2") == 2


async def test_cancelled_evaluations_leave_neither_children_nor_slots() -> None:
    async with Evaluator(EvaluatorConfig(budget_seconds=30, processes=2)) as evaluator:
        before = children()
        for _ in range(4):
            running = [asyncio.ensure_future(value_of(evaluator, "last(repeat(1))")) for _ in range(5)]
            await asyncio.sleep(0.15)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            assert len(children() - before) == 0
        values = await asyncio.gather(*(value_of(evaluator, ". * 2", number) for number in range(50)))
        assert values == [2 * number for number in range(50)]
        assert len(children() - before) <= 2
    assert len(children() - before) == 0


async def test_a_late_answer_reaches_nobody_else() -> None:
    async with Evaluator(EvaluatorConfig(budget_seconds=30, processes=2)) as evaluator:
        for round_number in range(25):
            slow = asyncio.ensure_future(value_of(evaluator, f'[range(200000)] | length | "late {round_number}"'))
            await asyncio.sleep(0.004 * (round_number % 6))
            slow.cancel()
            values = await asyncio.gather(
                *(value_of(evaluator, ".", number) for number in range(6)), slow, return_exceptions=True
            )
            assert values[:6] == list(range(6))


async def test_more_programs_than_a_child_remembers() -> None:
    async with Evaluator(EvaluatorConfig(processes=1)) as evaluator:
        programs = [program(f". + {number}") for number in range(560)]
        for _ in range(2):
            for number, known in enumerate(programs):
                assert await evaluator.evaluate(known, [1, 0], plain=False) == 1 + number
        for number in range(0, 560, 7):
            assert await evaluator.evaluate(programs[number], [1, 0], plain=False) == 1 + number
            assert await evaluator.evaluate(programs[-number - 1], [1, 0], plain=False) == 560 - number


TRICKS = [
    "[paths]",
    'getpath(["env"])',
    'try ([splits("a")]) catch .',
    "$__loc__",
    '@sh "\\(.)"',
    'ltrimstr("a")',
    "[limit(3; .[]?)]",
    "try error catch .",
    "builtins | length",
    "input_line_number? // 0",
    "now",
    "[localtime?]",
]


@pytest.mark.parametrize(
    "text", [*TRICKS, "env", "$ENV", "env | keys", "$ENV.PATH", "[$__prog_args?]", "get_search_list"]
)
async def test_the_environment_stays_outside(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever an expression that got past the loader asks, the child has nothing of ours to tell."""
    monkeypatch.setenv("STIGMER_TOP_SECRET", "environment-s3cret")
    async with Evaluator() as evaluator:
        try:
            told = json.dumps(await value_of(evaluator, text, {"a": "b"}))
        except Fault as error:
            told = json.dumps(error.error.to_json())
        for private in ("environment-s3cret", "STIGMER", os.environ["PATH"], str(Path.home()) + "/"):
            assert private not in told


def document(task: dict[str, object]) -> str:
    header = {"dsl": "1.0.0", "namespace": "t", "name": "t", "version": "1.0.0"}
    return json.dumps({"document": header, "do": [{"a": task}]})


REFUSED = [
    "env",
    "$ENV.PATH",
    "env.PATH",
    "[.[] | env]",
    '"\\(env)"',
    '"\\("\\($ENV)")"',
    "{a: env}",
    "{(env | keys[0]): 1}",
    "def e: env; e",
    "input",
    "inputs",
    "debug",
    "stderr",
    "halt",
    "halt_error",
    'import "a" as a; 1',
    'include "a"; 1',
    "input_filename",
    "$__prog_args",
    "[$ENV]",
    '@json "\\($ENV)"',
    ". as {a: $x} | env",
    "reduce env as $x (0; 1)",
]


@pytest.mark.parametrize("text", REFUSED)
async def test_what_reaches_outside_is_refused_at_load(text: str) -> None:
    async with Engine() as engine:
        for place in (
            {"set": {"x": f"${{ {text} }}"}},
            {"if": text, "set": {"x": 1}},
            {"set": {"x": f"a ${{ {text} }}"}},
        ):
            document = json.dumps(
                {"document": {"dsl": "1.0.0", "namespace": "t", "name": "t", "version": "1.0.0"}, "do": [{"a": place}]}
            )
            with pytest.raises(InvalidDocument):
                engine.load(document)


ALLOWED = [".env", "{env: 1}.env", '"env"', '.["env"]', "{env}", ". as $env | $env", ".a.input", '"\\(.env)"']


@pytest.mark.parametrize("text", ALLOWED)
async def test_names_that_only_look_like_it_are_allowed(text: str) -> None:
    async with Engine() as engine:
        document = json.dumps(
            {
                "document": {"dsl": "1.0.0", "namespace": "t", "name": "t", "version": "1.0.0"},
                "do": [{"a": {"set": {"x": f"${{ {text} }}"}}}],
            }
        )
        result = await engine.start(engine.load(document), input={"env": 5, "a": {"input": 1}}).wait()
        assert result.error is None


VALUES = [
    ("unicode", ".", "\u00e9\u4e2d\U0001f600\u0000\u2028", "\u00e9\u4e2d\U0001f600\u0000\u2028"),
    ("a lone surrogate", ". | length", "a\ud800b", 3),
    ("a big whole number passes through", ".", 12345678901234567890, 12345678901234567890),
    ("a big number computed", ". + 1", 9007199254740993, 9007199254740992),
    ("a number out of range", ". * 10", 1e308, 1.7976931348623157e308),
    ("not a number", "nan", None, None),
    ("infinite", "infinite", None, 1.7976931348623157e308),
    ("a fraction", ". / 3", 1, 1 / 3),
    ("true is not one", ". == 1", True, False),
    ("keys in order", "keys_unsorted", {"z": 1, "a": 2}, ["z", "a"]),
    ("a large text", ". | length", "x" * 3_000_000, 3_000_000),
    ("a large result", "[range(200000)] | length", None, 200_000),
]


@pytest.mark.parametrize(("text", "dot", "expected"), [row[1:] for row in VALUES], ids=[row[0] for row in VALUES])
async def test_values(text: str, dot: object, expected: object) -> None:
    async with Evaluator() as evaluator:
        for value in (await value_of(evaluator, text, dot), await evaluator.evaluate(program(text), [dot, 0])):
            assert value == expected
            assert type(value) is type(expected)


async def test_an_expression_field_holds_jq_even_when_a_string_in_it_looks_like_an_expression() -> None:
    async with Evaluator() as evaluator:
        assert await value_of(evaluator, '"v${ .x }"', {"x": 1}) == "v${ .x }"
        assert await value_of(evaluator, '"${\\""') == '${"'
        assert await value_of(evaluator, ' ${ "}" + .x } ', {"x": "y"}) == "}y"
