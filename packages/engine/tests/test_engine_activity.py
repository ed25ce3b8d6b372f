"""`call: activity`: refused where nobody performs it, and what a runtime is asked for where somebody does."""

from pathlib import Path

import pytest
from stigmer_dsl import InvalidDocument, load
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_engine import Engine, EngineConfig
from stigmer_engine.capabilities import Capabilities
from stigmer_engine.cases import AsyncioStage, judge
from stigmer_engine.cases.reading import parse_cases
from stigmer_engine.interpreter.port import CallRequest
from stigmer_engine.processes import ProcessConfig
from stigmer_engine.support import find_unsupported
from stigmer_engine.testing.runs import OpenRuns

HEAD = "document: {dsl: '1.0.3', namespace: tests, name: asking, version: '1.0.0'}\n"
EVERYWHERE = (
    HEAD
    + """
use:
  functions: {ask: {call: activity, with: {name: Ask}}}
  extensions: [{log: {extend: set, before: [{note: {call: activity, with: {name: Note}}}]}}]
do:
  - t:
      try: [{a: {call: activity, with: {name: A}}}]
      catch: {do: [{b: {fork: {branches: [{c: {call: activity, with: {name: C}}}]}}}]}
"""
)
PLACES = (
    "/use/extensions/0/log/before/0/note/call",
    "/use/functions/ask/call",
    "/do/0/t/try/0/a/call",
    "/do/0/t/catch/do/0/b/fork/branches/0/c/call",
)


def test_it_is_refused_at_every_place_where_nobody_performs_it() -> None:
    for capabilities in (None, Capabilities(), Capabilities(processes=ProcessConfig(allow_shell=True))):
        found = find_unsupported(load(EVERYWHERE, source="w.yaml"), capabilities)
        assert tuple(problem.pointer for problem in found) == PLACES
        for problem in found:
            assert problem.code == "unsupported-construct"
            assert problem.message == "`call: activity` needs the Temporal runtime"
            assert "--runtime temporal" in problem.hint
            assert problem.line is not None


def test_it_is_taken_where_somebody_does() -> None:
    assert find_unsupported(load(EVERYWHERE), Capabilities(activities=True)) == ()


def test_other_refusals_stay() -> None:
    text = HEAD + "do: [{a: {call: agent, with: {agent: a, message: hi}}}, {b: {run: {shell: {command: ls}}}}]"
    found = find_unsupported(load(text), Capabilities(activities=True))
    assert [problem.pointer for problem in found] == ["/do/0/a/call", "/do/1/b/run/shell"]


async def test_the_in_process_engine_refuses_it() -> None:
    async with Engine() as engine:
        with pytest.raises(InvalidDocument, match="needs the Temporal runtime"):
            engine.load(EVERYWHERE)


async def test_an_engine_that_promised_more_than_it_has_says_so(open_runs: OpenRuns) -> None:
    async with open_runs(EngineConfig(activities=True)) as runs:
        kind, status, sentence = await runs.error("do: [{a: {call: activity, with: {name: A}}}]")
    assert (kind, status) == ("configuration", 400)
    assert "no activity calls" in sentence


async def test_what_the_runtime_is_asked_for(open_runs: OpenRuns) -> None:
    asked: list[CallRequest] = []

    async def answer(request: CallRequest, _perform: object) -> JsonValue:
        asked.append(request)
        return {"n": len(asked)}

    text = """
do:
  - first: {call: activity, with: {name: '${ .who }', arguments: ['${ .n + 1 }', text]}}
  - second: {call: activity, with: {name: B, arguments: ['${ . }'], taskQueue: q, options: {summary: 'no $ {here}'}}}
"""
    async with open_runs(EngineConfig(activities=True, interceptor=answer)) as runs:
        assert await runs.output(text, {"who": "A", "n": 1}, drained=True) == {"n": 2}
    first, second = asked
    assert (first.kind, first.reference) == ("activity", "/do/0/first")
    assert first.arguments == {"name": "A", "arguments": [2, "text"], "taskQueue": None, "options": {}}
    assert second.arguments == {
        "name": "B",
        "arguments": [{"n": 1}],
        "taskQueue": "q",
        "options": {"summary": "no $ {here}"},
    }
    assert first.id != second.id


async def test_no_secret_and_no_placeholder_reaches_an_activity_or_an_error(open_runs: OpenRuns) -> None:
    asked: list[JsonObject] = []

    async def answer(request: CallRequest, _perform: object) -> JsonValue:
        asked.append(request.arguments)
        return None

    config = EngineConfig(activities=True, interceptor=answer)
    for hidden in (
        "arguments: ['${ $secrets.KEY }']",
        "arguments: ['${ {a: [{($secrets.KEY): 1}]} }']",
        "arguments: ['${ $secrets.KEY | @uri }']",
        "arguments: ['${ $secrets.KEY | split(\":\")[1] }']",
        "arguments: '${ [$secrets.KEY | @base64] }'",
        "taskQueue: '${ $secrets.KEY }'",
    ):
        text = f"use: {{secrets: [KEY]}}\ndo: [{{a: {{call: activity, with: {{name: A, {hidden}}}}}}}]\n"
        async with open_runs(config) as runs:
            kind, status, sentence = await runs.error(text, secrets={"KEY": "s3cr3t-v4lue"})
            assert (kind, status) == ("authorization", 403), hidden
            assert "placeholder" in sentence
            runs.assert_kept("s3cr3t-v4lue", "stigmer-secret")
    assert asked == []


def test_a_case_without_a_mock_names_the_activity() -> None:
    text = """
workflow: {do: [{pay: {call: activity, with: {name: ChargeCard}}}]}
cases: [{name: forgotten, mocks: [{call: activity, arguments: {name: Another}}]}]
"""
    (case,) = parse_cases(text, source="w.test.yaml", folder=Path())
    with AsyncioStage() as stage:
        differences = judge(case.case.expect, stage.perform(case))
    assert any("call: activity ChargeCard, by task pay (/do/0/pay)" in sentence for sentence in differences)
