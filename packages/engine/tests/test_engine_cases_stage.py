"""The stage: drained runs really are, and one case leaves nothing behind for the next."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from stigmer_engine.cases import AsyncioStage, Observation, PlannedCase, junit_xml, parse_cases, perform_all
from stigmer_engine.frames import decode_tree

THAW = "stigmer_engine.execution.decode_tree"

FLOW = """
workflow:
  do:
    - loop: {for: {in: '[1, 2, 3]'}, do: [{add: {set: {sum: '${ (.sum // 0) + $item }'}}}]}
    - t:
        try: [{get: {call: http, with: {method: get, endpoint: 'https://api.example/'}}}]
        catch: {retry: {delay: PT1H, limit: {attempt: {count: 2}}}}
mocks: [{times: 1, reply: {status: 503}}, {reply: {body: ok}}]
cases: [{name: one}, {name: two & <three>, expect: {output: other}}]
"""


def cases(text: str = FLOW) -> tuple[PlannedCase, ...]:
    return parse_cases(text, source="x.test.yaml", folder=Path())


def test_a_drained_run_is_frozen_after_every_event_and_tells_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen: list[Any] = []

    def decode(tree: Any) -> Any:
        frozen.append(tree)
        return decode_tree(tree)

    monkeypatch.setattr(THAW, decode)
    with AsyncioStage() as stage:
        straight = stage.perform(cases()[0])
    assert frozen == []
    with AsyncioStage(drained=True) as stage:
        drained = stage.perform(cases()[0])
    assert drained.output == straight.output == "ok"
    assert drained.seconds == straight.seconds == 3600
    # The ids of executions differ, and nothing else.
    told = [[{**event.to_json(), "workflow_execution_id": ""} for event in seen.events] for seen in (straight, drained)]
    assert told[0] == told[1]
    # Events of one step share a freeze; the last one needs none.
    assert len(frozen) >= len(drained.events) // 2
    json.dumps(frozen)


def test_sub_workflows_are_drained_too(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen: set[str] = set()

    def decode(tree: Any) -> Any:
        frozen.add(tree["tree"]["execution_id"])
        return decode_tree(tree)

    text = """
workflow: {do: [{child: {run: {workflow: {namespace: n, name: child, version: 1.0.0}}}}]}
documents:
  - document: {dsl: 1.0.0, namespace: n, name: child, version: 1.0.0}
    do: [{a: {wait: PT1S}}, {b: {set: {n: 1}}}]
cases: [{name: one}]
"""
    monkeypatch.setattr(THAW, decode)
    with AsyncioStage(drained=True) as stage:
        assert stage.perform(cases(text)[0]).output == {"n": 1}
    assert len(frozen) == 2


def test_a_defect_of_the_runtime_fails_its_case_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = iter([True, False])

    def perform(self: AsyncioStage, planned: PlannedCase) -> Observation:
        if next(broken):
            raise TypeError("planted")
        return Observation(status="completed", output="other")

    monkeypatch.setattr(AsyncioStage, "perform", perform)
    with AsyncioStage() as stage:
        first, second = perform_all(stage, cases())
    assert first.differences == ("the runtime broke: TypeError: planted",)
    assert second.holds


def test_a_context_that_is_lost_on_the_way_shows_in_a_drained_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def forget(tree: Any) -> Any:
        thawed = decode_tree(tree)
        thawed.context = {}
        return thawed

    text = """
workflow: {do: [{a: {set: {n: 1}, export: {as: .}}}, {b: {wait: PT1S}}, {c: {set: '${ $context.n }'}}]}
cases: [{name: one, expect: {output: 1}}]
"""
    monkeypatch.setattr(THAW, forget)
    for drained in (False, True):
        with AsyncioStage(drained=drained) as stage:
            (result,) = perform_all(stage, cases(text))
        assert result.holds is not drained


def test_mocks_answer_anew_in_every_case() -> None:
    with AsyncioStage() as stage:
        first, second = (stage.perform(case) for case in cases())
    assert len(first.calls) == len(second.calls) == 2


def test_a_run_that_waits_for_ever_ends_with_its_case() -> None:
    text = (
        "workflow: {do: [{hear: {listen: {to: {one: {with: {type: t}}}}}}]}\ncases: [{name: a, until: P30D}, {name: b}]"
    )
    with AsyncioStage() as stage:
        assert [stage.perform(case).status for case in cases(text)] == ["running", "running"]


def test_results_as_junit() -> None:
    with AsyncioStage() as stage:
        results = list(perform_all(stage, cases()))
    root = ET.fromstring(junit_xml(results, [("bad.test.yaml", "broken \x00")]))
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("3", "1", "1")
    names = [case.get("name") for case in root.iter("testcase")]
    assert names == ["one", "two & <three>", "bad.test.yaml"]
    failure = root.find(".//failure")
    assert failure is not None
    assert failure.get("message") == 'output: expected "other", got "ok"'
    assert root.find(".//error") is not None


CALLS = """
workflow:
  do:
    - a: {call: http, with: {method: post, endpoint: 'https://api.example/x?n=1', body: {n: 1, m: [2]}}}
    - b: {call: http, with: {method: get, endpoint: 'https://api.example/x'}}
cases:
"""


@pytest.mark.parametrize(
    ("mocks", "outputs"),
    [
        ("[{reply: {body: any}}]", ["any", "any"]),
        ("[{task: b, reply: {body: b}}, {task: /do/0/a, reply: {body: a}}]", ["a", "b"]),
        ("[{method: POST, reply: {body: a}}, {method: get, reply: {body: b}}]", ["a", "b"]),
        ("[{body: {m: [2]}, reply: {body: a}}, {reply: {body: b}}]", ["a", "b"]),
        ("[{query: {n: '1'}, reply: {body: a}}, {reply: {body: b}}]", ["a", "b"]),
        ("[{uri: 'https://api.example/x?n=1', reply: {body: a}}, {uri: '*/x', reply: {body: b}}]", ["a", "b"]),
        ("[{times: 1, reply: {body: a}}, {reply: {body: b}}]", ["a", "b"]),
        ("[{replies: [{body: a}, {body: b}]}]", ["a", "b"]),
        ("[{headers: {Content-Type: application/json}, reply: {body: a}}, {reply: {body: b}}]", ["a", "b"]),
        ("[{call: grpc, reply: {body: no}}, {reply: {body: yes}}]", ["yes", "yes"]),
    ],
)
def test_the_first_mock_that_fits_answers(mocks: str, outputs: list[str]) -> None:
    (case,) = cases(f"{CALLS}  - {{name: one, mocks: {mocks}}}")
    with AsyncioStage() as stage:
        seen = stage.perform(case)
    told = [event.payload["output"] for event in seen.events if event.event_type == "task_completed" and event.payload]
    assert told == outputs
    assert [call.method for call in seen.calls] == ["POST", "GET"]


def test_every_moment_of_a_run_can_be_met() -> None:
    text = """
workflow: {do: [{a: {wait: PT1H}}, {b: {wait: PT1H}}, {hear: {listen: {to: {one: {with: {type: t}}}}}}]}
cases:
  - {name: cancel at a start, during: [{starts: b, do: cancel}], expect: {status: cancelled, duration: PT1H}}
  - {name: cancel at an end, during: [{ends: /do/1/b, do: cancel}], expect: {status: cancelled, duration: PT2H}}
  - {name: an event before anybody listens, during: [{at: PT1S, event: {type: t}}], expect: {duration: PT2H}}
  - {name: an event after that, during: [{at: PT3H, event: {type: t, data: 1}}], expect: {output: [1], duration: PT3H}}
  - name: pause at a start and resume later
    during: [{starts: b, do: pause}, {at: PT5H, do: resume}, {at: PT10H, event: {type: t}}]
    expect: {tasks: {b: {status: completed}}, duration: PT10H}
"""
    with AsyncioStage() as stage:
        for result in perform_all(stage, cases(text)):
            assert result.differences == (), result.planned.name
