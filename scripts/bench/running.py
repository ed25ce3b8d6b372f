"""Executions: a long loop, and many workflows at a time.

The yardsticks are what one would write without a workflow language: coroutines that evaluate the same expressions by
the same evaluator, and the same sums in plain Python, which says what the language itself costs.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from stigmer_dsl import JsonValue
from stigmer_engine import Engine, EngineConfig, HttpConfig, PreparedDocument, Status
from stigmer_engine.expressions import Evaluator, Program, template_program

from .measure import Case, Yardstick

PLAIN_SUM = ".total + $item"
JQ_SUM = "[.total, $item] | add"
_LOOP = """
document: {dsl: 1.0.0, namespace: bench, name: loop, version: 1.0.0}
do:
  - each:
      for: {each: item, in: .count}
      do:
        - add: {set: {count: '${ .count }', total: '${ SUM }'}}
"""

THREE_STEPS = """
document: {dsl: 1.0.0, namespace: bench, name: three-steps, version: 1.0.0}
do:
  - price: {set: {amount: '${ .quantity * 25 }'}}
  - discount: {set: {amount: '${ .amount * 0.5 }'}}
  - answer: {set: {due: '${ .amount + 5 }', currency: EUR}}
"""
THREE_TEMPLATES: tuple[JsonValue, ...] = (
    {"amount": "${ .quantity * 25 }"},
    {"amount": "${ .amount * 0.5 }"},
    {"due": "${ .amount + 5 }", "currency": "EUR"},
)


@dataclass(frozen=True, slots=True)
class Bench:
    """One event loop with an engine, and an evaluator for what is written by hand."""

    loop: asyncio.Runner
    engine: Engine
    evaluator: Evaluator

    def run(self, job: Coroutine[object, object, object]) -> object:
        """Run a coroutine to its end."""
        return self.loop.run(job)

    async def outputs(self, document: PreparedDocument, inputs: list[JsonValue]) -> list[JsonValue]:
        """Outputs of one execution for each input, all at a time."""
        executions = [self.engine.start(document, input=value) for value in inputs]
        results = [await execution.wait() for execution in executions]
        if any(result.status is not Status.COMPLETED for result in results):
            raise RuntimeError(f"an execution failed: {next(result.error for result in results if result.error)}")
        return [result.output for result in results]


@contextmanager
def bench(peer: httpx.AsyncBaseTransport) -> Iterator[Bench]:
    """An engine and an evaluator, ended afterwards. All HTTP calls go to the peer."""
    with asyncio.Runner() as loop:
        made = Bench(loop, Engine(EngineConfig(http=HttpConfig(transport=peer))), Evaluator())
        try:
            yield made
        finally:
            made.evaluator.close()
            loop.run(made.engine.close())


def loop_case(bench: Bench, steps: int, expression: str) -> Case:
    """A `for` of `set` steps, each with a sum."""
    document = bench.engine.load(_LOOP.replace("SUM", expression))
    program = template_program({"count": "${ .count }", "total": f"${{ {expression} }}"}, frozenset({"item"}))
    start: JsonValue = {"count": steps, "total": 0}

    async def ours() -> JsonValue:
        return (await bench.outputs(document, [start]))[0]

    async def by_evaluator() -> JsonValue:
        value = start
        for item in range(steps):
            value = await bench.evaluator.evaluate(program, [value, 0, item])
        return value

    async def in_python() -> JsonValue:
        value = {"count": steps, "total": 0}
        for item in range(steps):
            value = {"count": value["count"], "total": value["total"] + item}
        return {**value}

    return Case(
        name=f"a `for` of {steps:,} `set` steps: `{expression}`".replace("|", "\\|"),
        unit="step",
        units=steps,
        run=lambda: bench.run(ours()),
        yardsticks=(
            Yardstick(
                name="asyncio loop, the same expressions by the same evaluator", run=lambda: bench.run(by_evaluator())
            ),
            Yardstick(name="asyncio loop in plain Python", run=lambda: bench.run(in_python())),
        ),
    )


def concurrent_case(bench: Bench, workflows: int) -> Case:
    """Many workflows of three steps at a time."""
    document = bench.engine.load(THREE_STEPS)
    programs = [template_program(template, frozenset()) for template in THREE_TEMPLATES]
    inputs: list[JsonValue] = [{"quantity": number} for number in range(workflows)]

    async def by_evaluator(value: JsonValue) -> JsonValue:
        for program in programs:
            value = await _evaluate(bench.evaluator, program, value)
        return value

    async def in_python(quantity: int) -> JsonValue:
        await asyncio.sleep(0)
        amount = {"amount": quantity * 25}
        await asyncio.sleep(0)
        half = {"amount": amount["amount"] * 0.5}
        await asyncio.sleep(0)
        due = half["amount"] + 5
        return {"due": int(due) if due.is_integer() else due, "currency": "EUR"}

    async def all_by_evaluator() -> list[JsonValue]:
        return await asyncio.gather(*(by_evaluator(value) for value in inputs))

    async def all_in_python() -> list[JsonValue]:
        return await asyncio.gather(*(in_python(number) for number in range(workflows)))

    return Case(
        name=f"{workflows:,} concurrent workflows of three steps",
        unit="workflow",
        units=workflows,
        run=lambda: bench.run(bench.outputs(document, inputs)),
        yardsticks=(
            Yardstick(
                name="asyncio.gather, the same expressions by the same evaluator",
                run=lambda: bench.run(all_by_evaluator()),
            ),
            Yardstick(name="asyncio.gather in plain Python", run=lambda: bench.run(all_in_python())),
        ),
    )


async def _evaluate(evaluator: Evaluator, program: Program, value: JsonValue) -> JsonValue:
    return await evaluator.evaluate(program, [value, 0])
