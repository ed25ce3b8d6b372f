"""Hostile documents and inputs: each ends in a clear error, and the engine serves the next one."""

import pytest
from stigmer_dsl import InvalidDocument
from stigmer_dsl.json_types import JsonValue
from stigmer_engine import Engine, EngineConfig, EvaluatorConfig, Limits
from stigmer_engine.testing import HEADER


def nested_tasks(depth: int) -> str:
    opening = '{"do": [{"a": ' * depth
    return HEADER + "do: [a: " + opening + '{"set": {"x": 1}}' + "}]}" * depth + "]"


ALIASES = (
    HEADER
    + "a: &a [x, x]\n"
    + "".join(
        f"{chr(98 + level)}: &{chr(98 + level)} [{', '.join(['*' + chr(97 + level)] * 9)}]\n" for level in range(12)
    )
    + "do: [t: {set: {x: *m}}]"
)

REFUSED: dict[str, str | bytes] = {
    "tasks 41 deep": nested_tasks(41),
    "tasks 200 deep": nested_tasks(200),
    "tasks 10,000 deep": nested_tasks(10_000),
    "brackets 10,000 deep": HEADER + "do: " + "[" * 10_000,
    "values 10,000 deep": HEADER + "do: [a: {set: {x: " + "[" * 10_000 + "]" * 10_000 + "}}]",
    "aliases of aliases": ALIASES,
    "an alias of itself": HEADER + "do: &a [t: {set: {x: *a}}]",
    "the environment": HEADER + "do: [a: {set: {x: '${ env }'}}]",
    "an unclosed marker": HEADER + "do: [a: {set: {x: '${ . '}}]",
    "an unknown task": HEADER + "do: [a: {explode: now}]",
    "a task of two kinds": HEADER + "do: [a: {set: {x: 1}, wait: PT1S}]",
    "a missing target": HEADER + "do: [a: {set: {x: 1}, then: gone}]",
    "a duplicate key": HEADER + "do: [a: {set: {x: 1}, set: {x: 2}}]",
    "a kind that is not built": HEADER + "do: [a: {run: {container: {image: alpine}}}]",
    "a broken expression": HEADER + "do: [a: {set: {x: '${ if }'}}]",
    "an unknown variable": HEADER + "do: [a: {set: {x: '${ $nobody }'}}]",
    "not text": b"\xff\xfe\x00\x01",
    "nothing": "",
    "a list": "[]",
    "a tag": HEADER + "do: [a: {set: {x: !!python/object/apply:os.system ['true']}}]",
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_hostile_document_is_refused(name: str) -> None:
    async with Engine() as engine:
        with pytest.raises(InvalidDocument) as refused:
            engine.load(REFUSED[name])
        assert refused.value.problems
        assert all(problem.message for problem in refused.value.problems)
        fine = engine.load(HEADER + "do: [a: {set: {x: '${ 1 + 1 }'}}]")
        assert (await engine.start(fine).wait()).output == {"x": 2}


async def test_tasks_as_deep_as_allowed_run() -> None:
    async with Engine() as engine:
        result = await engine.start(engine.load(nested_tasks(39))).wait()
    assert result.output == {"x": 1}


DEEP_LOOP = HEADER + "do: [a: " + "{for: {in: '1'}, do: [a: " * 38 + "{set: {x: '${ . }'}}" + "]}" * 38 + "]"


async def test_deep_data_in_deep_tasks() -> None:
    value: JsonValue = 0
    for _ in range(250):
        value = [value]
    async with Engine() as engine:
        result = await engine.start(engine.load(DEEP_LOOP), input=value).wait()
    assert result.error is None


CIRCLE = "{do: [x: {set: {x: 1}, then: x}]}"
ENDLESS = {
    "a jump to itself": "do: [a: {set: {x: 1}, then: a}]",
    "two tasks that jump to each other": "do: [a: {set: {x: 1}}, b: {switch: [c: {then: a}]}]",
    "a jump inside a try": "do: [t: {try: [a: {set: {x: 1}, then: a}], catch: {}}]",
    "jumps in two branches": f"do: [f: {{fork: {{branches: [a: {CIRCLE}, b: {CIRCLE}]}}}}]",
    "a loop that is too long": "do: [f: {for: {in: '1e6'}, do: [a: {set: {x: 1}}]}]",
    "skipped tasks in a circle": "do: [a: {if: 'false', set: {x: 1}}, b: {switch: [c: {then: a}]}]",
}


@pytest.mark.parametrize("name", ENDLESS)
async def test_an_endless_document_ends_at_the_step_limit(name: str) -> None:
    async with Engine(EngineConfig(limits=Limits(max_steps=3000))) as engine:
        result = await engine.start(engine.load(HEADER + ENDLESS[name])).wait()
    error = result.error
    if name == "a jump inside a try":
        assert error is None  # caught, and so over
    else:
        assert error is not None
        assert error.title == "Too many steps"


async def test_an_endless_document_leaves_others_their_turn() -> None:
    async with Engine() as engine:
        endless = engine.start(engine.load(HEADER + ENDLESS["a jump to itself"]))
        quick = engine.load(HEADER + "do: [a: {set: {x: '${ 1 + 1 }'}}, w: {wait: PT0.01S}]")
        for _ in range(20):
            assert (await engine.start(quick).wait()).output == {"x": 2}
        assert not endless.done
        endless.cancel()
        assert (await endless.wait()).status == "cancelled"


async def test_values_that_grow_are_bounded() -> None:
    body = "do: [a: {set: '${ [., .] }', then: a}]"
    evaluator = EvaluatorConfig(memory_bytes=96 << 20, budget_seconds=5)
    async with Engine(EngineConfig(evaluator=evaluator, limits=Limits(max_steps=19))) as engine:
        result = await engine.start(engine.load(HEADER + body)).wait()
    assert result.error is not None


async def test_an_expression_nested_deeply_is_a_value_or_an_error() -> None:
    async with Engine() as engine:
        text = HEADER + "do: [a: {set: {x: '${ " + "(" * 5000 + "1" + ")" * 5000 + " }'}}]"
        try:
            prepared = engine.load(text)
        except InvalidDocument:
            return
        result = await engine.start(prepared).wait()
        assert result.output == {"x": 1} or result.error is not None
