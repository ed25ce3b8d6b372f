"""What the log of an execution holds: bounded, however much the execution goes through."""

import asyncio
import json

import pytest
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_engine import Engine, EngineConfig, EventType, Limits, ProgressEvent, Result
from stigmer_engine.interpreter.telling import json_bytes
from stigmer_engine.testing import run_document

GROWING = """
do:
  - each:
      for: {each: n, in: '${ [range(300)] }'}
      do:
        - collect: {set: '${ . + {("member-" + ($n | tostring)): ("x" * 100)} }'}
"""


def told_bytes(events: tuple[ProgressEvent, ...]) -> int:
    """The JSON of all payloads in events that do not end the run."""
    return sum(len(json.dumps(event.payload)) for event in events if event.payload and not event.terminal)


@pytest.mark.parametrize("value", [
    None, True, False, 0, 7, -1234567, 10**40, 1.5, 1e-300, "", "text", "\u00e9\U0001f600", [], {}, [1, 2, 3], {"a": 1},
    {"deep": [{"er": ["x" * 50, None, {"é": [0.25] * 9}]}] * 20},
])  # fmt: skip
def test_the_estimate_is_near_the_size_of_the_json(value: JsonValue) -> None:
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    assert abs(json_bytes(value, 1_000_000) - size) <= 4 + size // 10


def test_the_estimate_looks_at_no_more_than_it_needs() -> None:
    # Both have no end: whoever looks at all of them never comes back.
    endless: list[JsonValue] = []
    endless.extend([endless, endless])
    ring: JsonObject = {}
    ring["again"] = ring
    assert json_bytes(endless, 1000) > 1000
    assert json_bytes(ring, 1000) > 1000


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("value", ["{}", ["{}", 1], {"a": "{}", "b": None}])
def test_the_limit_is_the_size_of_the_json(value: JsonValue, padding: int) -> None:
    text = json.dumps(value, separators=(",", ":"))
    padded: JsonValue = json.loads(text.replace("{}", "x" * (1000 - len(text) + 2 + padding)))
    run = run_document({"do": [{"a": {"set": {"v": 1}}}]}, input=padded, limits=Limits(max_told_value_bytes=1000))
    started = next(event for event in run.events if event.event_type is EventType.TASK_STARTED)
    assert started.payload == {"input": {"truncated": True, "limit": 1000} if padding else padded}


def test_a_value_that_grows_is_not_kept_once_for_each_step() -> None:
    limits = Limits(max_told_value_bytes=2000)
    run = run_document(GROWING, limits=limits)
    assert isinstance(run.output, dict)
    assert len(run.output) == 300
    tasks = [event for event in run.events if event.task_name == "collect"]
    assert len(tasks) == 600
    for event in tasks:
        assert len(json.dumps(event.payload, separators=(",", ":"))) <= 2000 + len('{"output":}')
    assert tasks[0].payload == {"input": {}}
    assert tasks[-1].payload == {"output": {"truncated": True, "limit": 2000}}
    assert run.events[-1].payload == {"output": run.output}


def test_all_values_together_are_bounded() -> None:
    limits = Limits(max_told_value_bytes=2000, max_told_bytes=20_000)
    run = run_document(GROWING, limits=limits)
    replaced = len(json.dumps({"output": {"truncated": True, "limit": 2000}}))
    told = [event for event in run.events if event.payload is not None and not event.terminal]
    assert told_bytes(run.events) <= 20_000 + replaced * len(told)
    assert run.events[-1].payload == {"output": run.output}
    assert isinstance(run.output, dict)
    assert len(run.output) == 300


def test_errors_are_bounded_too() -> None:
    document = """
do:
  - each:
      for: {each: n, in: '${ [range(50)] }'}
      do:
        - try:
            try:
              - broken: {raise: {error: {type: 'tests:long', status: 500, title: '${ "x" * 100000 }'}}}
            catch: {}
"""
    run = run_document(document, limits=Limits(max_told_bytes=100_000))
    failed = [event for event in run.events if event.event_type is EventType.TASK_FAILED]
    assert len(failed) == 50
    assert sum(len(json.dumps(event.to_json())) for event in failed) < 100_000 + 50 * 2000
    assert "... (" in failed[0].message


def test_the_error_that_ends_the_run_is_whole() -> None:
    document = "do: [{a: {raise: {error: {type: 'tests:long', status: 500, title: '${ \"x\" * 100000 }'}}}}]"
    run = run_document(document)
    assert run.error["title"] == "x" * 100_000
    assert run.events[-1].error is not None
    assert run.events[-1].error.message == "x" * 100_000


async def test_a_run_that_is_entered_again_tells_the_same() -> None:
    config = EngineConfig(limits=Limits(max_told_value_bytes=2000, max_told_bytes=20_000))
    text = f"document: {{dsl: '1.0.3', namespace: tests, name: telling, version: '1.0.0'}}{GROWING}"

    async def payloads(engine: Engine, *, drained: bool) -> tuple[list[JsonValue], Result]:
        execution = engine.start(await engine.load_async(text))
        told: list[JsonValue] = []
        async for event in execution.log.follow():
            told.append(event.payload)
            if drained:
                execution.reenter()
        return told, await execution.wait()

    async with Engine(config) as engine:
        whole, drained = await asyncio.gather(payloads(engine, drained=False), payloads(engine, drained=True))
    assert drained == whole
