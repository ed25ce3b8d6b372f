"""Flow directives and forks, where more than the output counts (the rest stands in `cases/flow.yaml`)."""

import pytest
from stigmer_dsl import InvalidDocument
from stigmer_engine import Limits
from stigmer_engine.testing import run_document


def test_compete_fails_with_the_first_failure_when_all_fail() -> None:
    document = """
do:
  - f:
      fork:
        compete: true
        branches:
          - a: {do: [w: {wait: PT2S}, r: {raise: {error: {type: "x:late", status: 400}}}]}
          - b: {do: [w: {wait: PT1S}, r: {raise: {error: {type: "x:early", status: 401}}}]}
"""
    run = run_document(document)
    assert run.error == {"type": "x:early", "status": 401, "instance": "/do/0/f/fork/branches/1/b/do/1/r"}
    assert run.seconds == 2


def test_a_failing_branch_cancels_the_others_at_once() -> None:
    document = """
do:
  - f:
      fork:
        branches:
          - a: {do: [w: {wait: PT1H}]}
          - b: {do: [w: {wait: PT1S}, r: {raise: {error: {type: "x:y", status: 401}}}]}
"""
    run = run_document(document)
    assert run.error["status"] == 401
    assert run.seconds == 1
    cancelled = [event.task_reference for event in run.events if event.status == "cancelled"]
    assert cancelled == ["/do/0/f/fork/branches/0/a/do/0/w", "/do/0/f/fork/branches/0/a"]


@pytest.mark.parametrize("then", ["", ", then: end"])
def test_what_decided_a_fork_is_not_revised_in_the_same_moment(then: str) -> None:
    document = f"""
do:
  - f: {{fork: {{branches: [a: {{raise: {{error: {{type: "x:y", status: 401}}}}}}, b: {{set: {{c: 1}}{then}}}]}}}}
"""
    assert run_document(document).error["status"] == 401


@pytest.mark.parametrize("value", ["null", "true", '"text"', "1.5", "-1", "1e12", "1000001"])
def test_nothing_to_iterate_over(value: str) -> None:
    error = run_document(f"do: [f: {{for: {{in: '{value}'}}, do: [a: {{set: {{b: 1}}}}]}}]").error
    assert error["type"].endswith("/errors/expression")
    assert error["instance"] == "/do/0/f"
    assert "array, an object or a whole number" in str(error["detail"])


def test_jumping_in_circles_ends_at_the_step_limit() -> None:
    error = run_document("do: [a: {set: {b: 1}}, c: {set: {b: 2}, then: a}]", limits=Limits(max_steps=500)).error
    assert error["title"] == "Too many steps"
    assert error["status"] == 500
    assert "500 tasks" in str(error["detail"])


def test_the_end_of_all_steps_is_not_tried_again() -> None:
    retry = "{delay: PT1S, limit: {duration: P300D}}"
    body = (
        f"do: [again: {{try: [a: {{set: {{b: 1}}, then: a}}], catch: {{retry: {retry}, do: [c: {{set: {{d: 1}}}}]}}}}]"
    )
    run = run_document(body, limits=Limits(max_steps=500))
    assert run.error["title"] == "Too many steps"
    assert run.seconds == 0


def test_a_jump_to_nowhere_is_refused_at_load() -> None:
    with pytest.raises(InvalidDocument, match="nowhere"):
        run_document("do: [a: {set: {b: 1}, then: nowhere}]")
