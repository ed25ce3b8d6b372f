"""A case that does not hold says so: each kind of expectation can fail, and nothing passes by accident."""

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import indent

import pytest
from stigmer_engine.cases import AsyncioStage, judge, parse_cases

FLOW = """
workflow:
  do:
    - ask: {call: http, with: {method: get, endpoint: 'https://api.example/pets', headers: {X-A: b}, query: {n: '1'}}}
    - rest: {wait: PT1H}
    - skipped: {if: 'false', set: {never: true}}
    - tell: {emit: {event: {with: {type: t, data: 1}}}}
    - end: {set: {pet: {name: Rex, tags: [a, b]}}}
mocks: [{uri: 'https://api.example/pets', reply: {body: []}}]
"""
HOLDS = """
output: {pet: {name: Rex, tags: [a, b]}}
contains: {pet: {name: Rex}}
runs: [ask, rest, tell, end]
order: [[ask, rest, end]]
tasks: {skipped: {status: skipped, runs: 0}, end: {contains: {pet: {name: Rex}}, runs: 1, retries: 0}}
calls: [{method: get, uri: 'https://api.example/*', headers: {x-a: b}, query: {n: '1'}, without: [cookie], at: PT0S}]
emitted: [{type: t, data: 1}]
duration: PT1H
"""


Differences = Callable[..., tuple[str, ...]]


@pytest.fixture(scope="module")
def stage() -> Iterator[AsyncioStage]:
    with AsyncioStage() as stage:
        yield stage


@pytest.fixture
def differences(stage: AsyncioStage) -> Differences:
    """What a case of a workflow with these expectations does not hold in."""
    return lambda expect, flow=FLOW: judge_case(stage, expect, flow)


def judge_case(stage: AsyncioStage, expect: str, flow: str) -> tuple[str, ...]:
    text = f"{flow}\ncases:\n  - name: a\n    expect:\n{indent(expect.strip(), '      ')}\n"
    (case,) = parse_cases(text, source="x.test.yaml", folder=Path())
    return judge(case.case.expect, stage.perform(case))


def test_everything_as_expected(differences: Differences) -> None:
    assert differences(HOLDS) == ()


@pytest.mark.parametrize(
    ("expect", "difference"),
    [
        ("output: {pet: {name: Rex}}", "output/pet/tags: was not expected"),
        ("output: {pet: {name: Rex, tags: [a]}}", "output/pet/tags: expected 1 items, got 2"),
        ("output: {pet: {name: Luna, tags: [a, b]}}", 'output/pet/name: expected "Luna", got "Rex"'),
        ("output: null", "output: expected null"),
        ("contains: {cat: 1}", "output/cat: is missing"),
        ("contains: {pet: {tags: [a]}}", "output/pet/tags: expected 1 items"),
        ("status: failed", "status: expected failed, got completed"),
        ("status: cancelled", "status: expected cancelled"),
        ("status: running", "status: expected running"),
        ("error: {status: 404}", "status: expected failed, got completed"),
        ("problems: [{code: unknown-property}]", "status: expected invalid"),
        ("runs: [ask, rest]", "runs: expected ask, rest"),
        ("order: [[rest, ask]]", "order: ask started before rest had ended"),
        ("order: [[ask, nobody]]", "order: nobody never started"),
        ("tasks: {rest: {status: failed}}", "tasks/rest: expected failed, got completed"),
        ("tasks: {rest: {runs: 2}}", "tasks/rest: expected 2 runs, got 1"),
        ("tasks: {rest: {retries: 1}}", "tasks/rest: expected 1 retries, got 0"),
        ("tasks: {/do/0/ask: {output: [1]}}", "tasks//do/0/ask/output: expected 1 items, got 0"),
        ("tasks: {ask: {error: {status: 404}}}", "tasks/ask: expected an error"),
        ("calls: []", "calls: expected 0, got 1"),
        ("calls: [{method: post}]", "calls/0/method: expected POST, got GET"),
        ("calls: [{uri: 'https://api.example/'}]", "calls/0/uri: expected"),
        ("calls: [{uri: 'https://api.example/pets?n=2'}]", "calls/0/uri: expected"),
        ("calls: [{headers: {x-a: c}}]", "calls/0/headers/x-a: expected"),
        ("calls: [{without: [X-A]}]", "calls/0/headers/x-a: was not expected"),
        ("calls: [{query: {n: '2'}}]", "calls/0/query/n: expected"),
        ("calls: [{body: {a: 1}}]", "calls/0/body: expected"),
        ("calls: [{task: rest}]", "calls/0/task: expected rest"),
        ("calls: [{at: PT1S}]", "calls/0/at: expected 1 s, got 0 s"),
        ("calls: [{call: grpc}]", "calls/0: expected a call of grpc"),
        ("emitted: []", "emitted: expected 0 events, got 1"),
        ("emitted: [{data: 2}]", "emitted/0/data: expected 2, got 1"),
        ("duration: PT2H", "duration: expected 7200 s, got 3600 s"),
    ],
)
def test_a_difference_is_told(expect: str, difference: str, differences: Differences) -> None:
    found = differences(expect)
    assert len(found) == 1
    assert found[0].startswith(difference)


@pytest.mark.parametrize(
    ("expect", "difference"),
    [
        ("error: {type: timeout}", "error/type"),
        ("error: {status: 500}", "error/status"),
        ("error: {title: no}", "error/title"),
        ("error: {detail: '*no*'}", "error/detail"),
        ("error: {instance: /do/1/bad}", "error/instance"),
    ],
)
def test_an_error_is_compared_by_its_fields(expect: str, difference: str, differences: Differences) -> None:
    flow = (
        "workflow: {do: [{bad: {raise: {error: {type: 'https://example.org/e', status: 418, title: t, detail: d}}}}]}"
    )
    (found,) = differences(expect, flow)
    assert found.startswith(difference)
    assert (
        differences(
            "error: {type: 'https://example.org/e', status: 418, title: t, detail: d, instance: /do/0/bad}", flow
        )
        == ()
    )


def test_a_call_that_no_mock_answers_makes_a_case_fail_even_if_it_is_caught(differences: Differences) -> None:
    call = "{call: http, with: {method: get, endpoint: 'http://x.example/'}}"
    flow = f"workflow: {{do: [{{t: {{try: [{{a: {call}}}], catch: {{}}}}}}]}}"
    (found,) = differences("status: completed", flow)
    assert found == "no mock answers GET http://x.example/, by task a (/do/0/t/try/0/a)"


def test_true_is_not_one(differences: Differences) -> None:
    (found,) = differences("output: {n: 1}", "workflow: {do: [{a: {set: {n: true}}}]}")
    assert found == "output/n: expected 1, got true"


def test_the_starts_of_a_schedule(differences: Differences) -> None:
    flow = "workflow: {schedule: {every: PT10H}, do: [{a: {set: {n: 1}}}]}"
    assert differences("starts: [{at: PT10H, status: completed, output: {n: 1}}, {at: PT20H}]", flow) == ()
    assert differences("starts: [{at: PT9H, status: failed, output: {n: 2}}]", flow) == (
        "starts/0/at: expected 32400 s, got 36000 s",
        "starts/0/status: expected failed, got completed",
        "starts/0/output/n: expected 2, got 1",
        "starts: expected 1, got 2 at 36000 s, 72000 s",
    )
