"""Properties of whole runs on generated data and documents: data flow, retry schedules, jumps that come to an end."""

import json
from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_engine import Engine, Limits, Result
from stigmer_engine.testing import run_virtual
from stigmer_engine.testing.virtual_engine import run_document, virtual_config

SETTINGS: Final = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

DOCUMENT: Final[JsonObject] = {"document": {"dsl": "1.0.0", "namespace": "test", "name": "test", "version": "0.1.0"}}

# What a double holds exactly, and what is no expression.
TEXT: Final = st.text(st.characters(codec="utf-8", exclude_characters="$"), max_size=8)
SCALARS: Final = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e6, 1e6, width=32) | TEXT
VALUES: Final = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8
)


def results_of(documents: list[JsonObject], value: JsonValue) -> list[Result]:
    """Each document's result on the same input."""

    async def run() -> list[Result]:
        async with Engine(virtual_config()) as engine:
            loaded = [engine.load(json.dumps({**DOCUMENT, **document})) for document in documents]
            return [await engine.start(document, input=value).wait() for document in loaded]

    return run_virtual(run())


@SETTINGS
@given(VALUES)
def test_a_literal_is_its_own_value(value: JsonValue) -> None:
    assert run_document({"do": [{"a": {"set": {"value": value}}}]}).output == {"value": value}


@SETTINGS
@given(VALUES)
def test_identity_changes_nothing(value: JsonValue) -> None:
    wanted = {} if value is None else value
    tasks: list[JsonValue] = [
        {"a": {"set": "${ . }"}},
        {"b": {"input": {"from": "."}, "wait": {"seconds": 1}, "output": {"as": "."}}},
        {"c": {"if": "false", "set": {"x": 1}}},
        {"d": {"do": [{"e": {"set": "${ $input }"}}]}},
        {"f": {"for": {"in": "[]"}, "do": [{"g": {"set": {"x": 1}}}]}},
        {"h": {"try": [{"i": {"set": "${ . }"}}], "catch": {}}},
        {"j": {"switch": [{"k": {"when": "false", "then": "end"}}]}},
    ]
    assert run_document({"do": tasks}, input=value).output == wanted


# Steps that add to a number; any chain of them is the sum.
STEPS: Final = st.lists(st.integers(-100, 100), min_size=1, max_size=6)


def adding(steps: list[int]) -> list[JsonValue]:
    return [{f"t{index}": {"set": f"${{ . + ({step}) }}"}} for index, step in enumerate(steps)]


@SETTINGS
@given(STEPS, st.integers(0, 6), st.integers(-1000, 1000))
def test_a_list_may_be_put_into_a_task_anywhere(steps: list[int], cut: int, start: int) -> None:
    tasks = adding(steps)
    nested: list[JsonValue] = [*tasks[:cut], {"inner": {"do": tasks[cut:]}}] if tasks[cut:] else tasks
    flat, wrapped, looped = results_of(
        [
            {"do": tasks},
            {"do": nested},
            {"do": [{"l": {"for": {"in": json.dumps(steps)}, "do": [{"s": {"set": "${ . + $item }"}}]}}]},
        ],
        start,
    )
    assert flat.output == wrapped.output == looped.output == start + sum(steps)


@SETTINGS
@given(VALUES, VALUES)
def test_export_replaces_the_context_and_leaves_the_output_alone(first: JsonValue, second: JsonValue) -> None:
    tasks: list[JsonValue] = [
        {"a": {"set": {"value": first}, "export": {"as": ".value"}}},
        {"b": {"set": {"value": second}, "export": {"as": "[$context, .value]"}}},
        {"c": {"set": {"last": "${ .value }", "context": "${ $context }"}}},
    ]
    assert run_document({"do": tasks}).output == {"last": second, "context": [first, second]}


@SETTINGS
@given(
    st.integers(0, 6),
    st.integers(0, 20),
    st.sampled_from([None, "constant", "linear", "exponential"]),
    st.tuples(st.integers(0, 5), st.integers(0, 5)).map(sorted),
)
def test_retries_come_when_the_policy_says(count: int, delay: int, kind: str | None, jitter: list[int]) -> None:
    policy: JsonObject = {
        "delay": {"seconds": delay},
        "limit": {"attempt": {"count": count}},
        "jitter": {"from": {"seconds": jitter[0]}, "to": {"seconds": jitter[1]}},
    }
    if kind is not None:
        policy["backoff"] = {kind: {}}
    broken: JsonObject = {"raise": {"error": {"type": "https://a.example/broken", "status": 503}}}
    run = run_document({"do": [{"t": {"try": [{"r": broken}], "catch": {"retry": policy}}}]})
    factors = [{"linear": n, "exponential": 2 ** (n - 1)}.get(kind or "", 1) for n in range(1, count + 1)]
    least = sum(delay * factor + jitter[0] for factor in factors)
    most = sum(delay * factor + jitter[1] for factor in factors)
    assert least - 0.01 <= run.seconds <= most + 0.01
    tries = [event for event in run.events if event.event_type == "task_started" and event.task_name == "r"]
    assert len(tries) == count + 1
    assert run.error["status"] == 503


@SETTINGS
@given(st.data())
def test_any_graph_of_jumps_comes_to_an_end_or_to_the_limit(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 6))
    targets = st.sampled_from([*(f"t{index}" for index in range(size)), "continue", "exit", "end"])
    tasks: list[JsonValue] = []
    for index in range(size):
        if data.draw(st.booleans()):
            task: JsonObject = {"set": {"n": "${ (.n // 0) + 1 }"}, "then": data.draw(targets)}
        else:
            modulus = data.draw(st.integers(1, 4))
            cases: list[JsonValue] = [
                {"a": {"when": f"(.n // 0) % {modulus} == 0", "then": data.draw(targets)}},
                {"b": {"then": data.draw(targets)}},
            ]
            task = {"switch": cases}
        tasks.append({f"t{index}": task})
    run = run_document({"do": tasks}, limits=Limits(max_steps=200))
    started = [event for event in run.events if event.event_type == "task_started"]
    assert len(started) <= 200
    if run.result.error is not None:
        assert run.result.error.title == "Too many steps"
        assert len(started) == 200
