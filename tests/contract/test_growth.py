"""Nothing is quadratic: work is counted, not timed, for an input and for one four times as large.

Work is the number of lines of Python executed, of bytes sent to jq, and of events. Four times the size may cost five
times the work; a quadratic step among linear ones costs up to sixteen times.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

import pytest
from stigmer_converter import convert, spec_from_json
from stigmer_dsl import JsonValue, dump, load
from stigmer_engine import Engine, EngineConfig, EvaluatorConfig, ProgressEvent, Snapshot, Status, reduce

FACTOR = 4
ALLOWED = 5.0
HEAD = "document: {dsl: 1.0.0, namespace: growth, name: growth, version: 1.0.0}\ndo:\n"


@dataclass(slots=True)
class Work:
    lines: int = 0
    bytes_sent: int = 0
    events: int = 0


@contextmanager
def counted_lines(work: Work) -> Iterator[None]:
    def trace(_frame: FrameType, event: str, _argument: object) -> object:
        if event == "line":
            work.lines += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        yield
    finally:
        sys.settrace(before)


@contextmanager
def counted_bytes(work: Work, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    write = os.write

    def count(descriptor: int, data: bytes) -> int:
        written = write(descriptor, data)
        work.bytes_sent += written
        return written

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", count)
        yield


def run(text: str, value: JsonValue, monkeypatch: pytest.MonkeyPatch) -> Work:
    work = Work()
    # Without patience the evaluator waits in place, so the event loop takes the same turns every time.
    evaluator = EvaluatorConfig(patience_seconds=None, processes=1, budget_seconds=60)
    config = EngineConfig(evaluator=evaluator, clock=lambda: 1_800_000_000.0)

    async def go() -> None:
        async with Engine(config) as engine:
            document = engine.load(text)
            await engine.start(document, input=value).wait()
            with counted_lines(work), counted_bytes(work, monkeypatch):
                execution = engine.start(document, input=value)
                result = await execution.wait()
            assert result.status is Status.COMPLETED, result.error
            work.events = execution.log.size

    asyncio.run(go())
    return work


def items(count: int) -> JsonValue:
    return {"items": [{"name": f"item {number:05}", "price": number} for number in range(10_000, 10_000 + count)]}


def numbered(line: str, count: int) -> str:
    return "".join(line.replace("<n>", str(number)).replace("<n+1>", str(number + 1)) for number in range(count))


def loop(_size: int) -> str:
    add = "{set: {total: '${ (.total // 0) + $item.price }'}}"
    return f"{HEAD}  - loop:\n      for: {{in: .items}}\n      do:\n        - add: {add}\n"


def conditions_in_loop(_size: int) -> str:
    # Input and output of every iteration are the whole input, items included.
    return (
        f"{HEAD}  - loop:\n      for: {{in: .items}}\n      while: $item.price > 0\n      do:\n"
        "        - skip: {if: '$item.price < 0', set: {reached: true}}\n"
        "        - choose: {switch: [{cheap: {when: '$item.price < 9', then: exit}}]}\n"
    )


def chain(size: int) -> str:
    return HEAD + numbered("  - task<n>: {set: {value: '${ (.value // 0) + <n> }'}}\n", size)


def jumps(size: int) -> str:
    jump = "  - task<n>: {set: {value: <n>}, then: task<n+1>}\n"
    return HEAD + numbered(jump, size) + f"  - task{size}: {{set: {{value: 1}}}}\n"


def cases(size: int) -> str:
    case = "        - case<n>: {when: '.value == \"<n>\"', then: continue}\n"
    return f"{HEAD}  - choose:\n      switch:\n{numbered(case, size)}"


def branches(size: int) -> str:
    # Each ends a turn of the event loop after the one before.
    branch = "          - branch<n>: {do: [{a: {set: {v: <n>}}}, {b: {wait: {milliseconds: <n>}}}]}\n"
    return f"{HEAD}  - split:\n      fork:\n        branches:\n{numbered(branch, size)}"


def caught_errors(size: int) -> str:
    error = "{error: {type: 'https://example.org/errors/x', status: 500}}"
    handler = "{do: [{handle<n>: {set: {value: <n>}}}]}"
    return HEAD + numbered(f"  - task<n>: {{try: [{{fail<n>: {{raise: {error}}}}}], catch: {handler}}}\n", size)


def specification(size: int) -> str:
    config = {"variables": {"value": "${ .value + 1 }", "name": "literal"}}
    header = {"dsl": "1.0.0", "namespace": "growth", "name": "growth", "version": "1.0.0"}
    tasks = [
        {"name": f"task{number}", "kind": "WORKFLOW_TASK_KIND_SET", "taskConfig": config} for number in range(size)
    ]
    return json.dumps({"document": header, "tasks": tasks})


def pairs(size: int) -> int:
    found = 0
    for number in range(size):
        for other in range(size):
            found += number == other
    return found


def test_the_count_sees_a_quadratic_step() -> None:
    def work(size: int) -> int:
        counted = Work()
        with counted_lines(counted):
            pairs(size)
        return counted.lines

    assert work(100) > ALLOWED * work(25)


@pytest.mark.parametrize(
    ("document", "size"),
    [
        (loop, 50),
        (conditions_in_loop, 50),
        (chain, 50),
        (jumps, 100),
        (cases, 50),
        (branches, 50),
        (caught_errors, 50),
    ],
)
def test_running_costs_in_proportion(
    document: Callable[[int], str], size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = run(document(size), items(size), monkeypatch)
    large = run(document(FACTOR * size), items(FACTOR * size), monkeypatch)
    assert large.lines <= ALLOWED * small.lines
    assert large.bytes_sent <= ALLOWED * small.bytes_sent
    assert large.events <= ALLOWED * small.events


def test_a_large_input_costs_a_loop_on_its_items_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    value = items(50)
    assert isinstance(value, dict)
    small = run(conditions_in_loop(50), value, monkeypatch)
    large = run(conditions_in_loop(50), {**value, "ballast": "x" * 1_000_000}, monkeypatch)
    assert large.bytes_sent == small.bytes_sent
    # Not to the line: finalisers of other tests' objects may run, and be counted, at any time.
    assert large.lines <= 1.2 * small.lines


@pytest.mark.parametrize("document", [chain, jumps, cases, branches, caught_errors])
def test_loading_and_dumping_cost_in_proportion(document: Callable[[int], str]) -> None:
    def work(size: int) -> int:
        text, counted = document(size), Work()
        with counted_lines(counted):
            dump(load(text))
        return counted.lines

    assert work(200) <= ALLOWED * work(50)


def test_converting_costs_in_proportion() -> None:
    def work(size: int) -> int:
        spec, counted = spec_from_json(specification(size)), Work()
        with counted_lines(counted):
            convert(spec)
        return counted.lines

    assert work(200) <= ALLOWED * work(50)


def test_following_and_reducing_cost_in_proportion() -> None:
    async def events(count: int) -> tuple[ProgressEvent, ...]:
        async with Engine() as engine:
            execution = engine.start(engine.load(loop(0)), input=items(count))
            await execution.wait()
            return execution.log.events

    def work(log: tuple[ProgressEvent, ...]) -> int:
        counted = Work()
        with counted_lines(counted):
            reduce(Snapshot(), log)
        return counted.lines

    assert work(asyncio.run(events(200))) <= ALLOWED * work(asyncio.run(events(50)))
