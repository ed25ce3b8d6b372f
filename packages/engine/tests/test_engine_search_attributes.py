"""Search attributes of tasks: evaluated when the task starts, typed, and handed to the runtime once."""

import json
from functools import partial

import pytest
from stigmer_dsl import load
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_engine.events import ProgressEvent
from stigmer_engine.expressions import Evaluator, EvaluatorConfig
from stigmer_engine.frames import Tree, decode_tree
from stigmer_engine.interpreter.interpreter import Interpreter
from stigmer_engine.interpreter.outcome import Completed, Ending, Faulted, Frozen
from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.testing import ScriptedRuntime, run_virtual
from stigmer_engine.testing.scripted_runtime import Reply
from stigmer_engine.testing.virtual_engine import HEADER
from stigmer_engine.testing.virtual_time import virtual_clock

TASKS = """
do:
  - first:
      if: .wanted
      metadata:
        free: {form: 1}
        searchAttributes:
          Customer: '${ .who }'
          Count: '${ .list | length }'
          Due: {type: datetime, value: '${ .due }'}
          Old: {type: text, value: null}
      input: {from: '{only: 1}'}
      set: {who: Bob}
  - skipped: {if: 'false', set: {a: 1}, metadata: {searchAttributes: {Never: x}}}
  - second: {set: {done: true}, metadata: {searchAttributes: {Customer: '${ .who }'}}}
"""
INPUT: JsonObject = {"wanted": True, "who": "Ann", "list": [1, 2], "due": "2026-01-31T12:00:00Z"}


def indexed(
    tasks: str, given: JsonObject, *, secrets: tuple[str, ...] = (), drained: bool = False
) -> tuple[list[JsonObject], Ending]:
    return run_virtual(_indexed(tasks, given, secrets, drained))


async def _indexed(
    tasks: str, given: JsonObject, secrets: tuple[str, ...], drained: bool
) -> tuple[list[JsonObject], Ending]:
    async with Evaluator(EvaluatorConfig(patience_seconds=None)) as evaluator:
        runtime = ScriptedRuntime(evaluator=evaluator, script={"Slow": [Reply(after=5, value=1)]})
        prepared = PreparedDocument(load(HEADER + tasks))
        tree = Tree(execution_id="e", nonce="0123456789abcdef", started_at=virtual_clock(), raw_input=given)
        while True:
            interpreter = Interpreter(prepared=prepared, runtime=runtime, tree=tree, secrets=secrets)
            runtime.on_publish = partial(_drain, interpreter) if drained else _leave_alone
            ending = await interpreter.run()
            if not isinstance(ending, Frozen):
                return runtime.indexed, ending
            tree = decode_tree(json.loads(json.dumps(ending.tree)))


def _drain(interpreter: Interpreter, _event: ProgressEvent) -> None:
    interpreter.drain()


def _leave_alone(_event: ProgressEvent) -> None:
    pass


@pytest.mark.parametrize("drained", [False, True])
def test_they_are_evaluated_on_the_raw_input_when_the_task_starts(drained: bool) -> None:
    found, ending = indexed(TASKS, INPUT, drained=drained)
    assert isinstance(ending, Completed)
    assert found == [
        {
            "Customer": {"type": "keyword", "value": "Ann"},
            "Count": {"type": "int", "value": 2},
            "Due": {"type": "datetime", "value": "2026-01-31T12:00:00Z"},
            "Old": {"type": "text", "value": None},
        },
        {"Customer": {"type": "keyword", "value": "Bob"}},
    ]


@pytest.mark.parametrize("drained", [False, True])
def test_a_call_that_is_entered_again_sets_them_once(drained: bool) -> None:
    tasks = "do: [{a: {call: activity, with: {name: Slow}, metadata: {searchAttributes: {Step: paying}}}}]"
    found, ending = indexed(tasks, {}, drained=drained)
    assert isinstance(ending, Completed)
    assert found == [{"Step": {"type": "keyword", "value": "paying"}}]


@pytest.mark.parametrize(
    ("value", "given", "why"),
    [
        ("{type: int, value: '${ .x }'}", "five", "whole number"),
        ("{type: datetime, value: '${ .x }'}", "today", "time zone"),
        ("'${ .x }'", None, "no type"),
        ("'${ .x }'", {"a": 1}, "Field required"),
    ],
)
def test_a_value_of_another_type_is_an_expression_error_of_the_task(value: str, given: JsonValue, why: str) -> None:
    tasks = f"do: [{{a: {{set: {{b: 1}}, metadata: {{searchAttributes: {{Bad: {value}}}}}}}}}]"
    found, ending = indexed(tasks, {"x": given})
    assert isinstance(ending, Faulted)
    assert ending.error.type.endswith("/expression")
    assert ending.error.instance == "/do/0/a"
    assert "`Bad`" in ending.error.title
    assert why in ending.error.detail
    assert found == []


def test_no_placeholder_of_a_secret_is_indexed() -> None:
    tasks = (
        "use: {secrets: [KEY]}\n"
        "do: [{a: {set: {b: 1}, metadata: {searchAttributes: {Key: '${ \"k \" + $secrets.KEY }'}}}}]"
    )
    found, ending = indexed(tasks, {}, secrets=("KEY",))
    assert isinstance(ending, Completed)
    assert found == [{"Key": {"type": "keyword", "value": "k [secret:KEY]"}}]
