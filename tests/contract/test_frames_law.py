"""The law of frames, on generated documents: drained anywhere and re-entered from JSON, a run keeps its promises.

`STIGMER_TEST_PROFILE=thorough` tries many more documents, different ones each time.
"""

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from stigmer_engine import EvaluatorConfig
from stigmer_engine.expressions import Evaluator
from stigmer_engine.testing.law import (
    Case,
    DrainPlan,
    Ending,
    TooManyOutcomes,
    allowed_endings,
    check_against,
    check_alone,
    generate,
    run_case,
)

_THOROUGH = os.environ.get("STIGMER_TEST_PROFILE") == "thorough"
_SETTINGS = settings(
    max_examples=1500 if _THOROUGH else 40,
    deadline=None,
    derandomize=not _THOROUGH,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)


@pytest.fixture(scope="module")
def evaluator() -> Iterator[Evaluator]:
    evaluator = Evaluator(EvaluatorConfig(patience_seconds=None))
    yield evaluator
    evaluator.close()


@st.composite
def cases(draw: st.DrawFn, *, racing: bool) -> Case:
    return generate(lambda bound: draw(st.integers(0, bound - 1)), racing=racing)


def _allowed(case: Case, *, downtime: bool = False) -> frozenset[Ending]:
    try:
        return allowed_endings(case, downtime=downtime)
    except TooManyOutcomes:
        assume(False)
        raise


@_SETTINGS
@given(case=cases(racing=False))
def test_a_document_without_a_race_is_the_same_however_it_is_drained(evaluator: Evaluator, case: Case) -> None:
    allowed = _allowed(case)
    undrained = run_case(case, evaluator)
    check_alone(case, undrained, allowed)
    assert len(allowed) == 1
    everywhere = DrainPlan(everywhere=True)
    once_each = [DrainPlan(after_events=frozenset({event.sequence_number})) for event in undrained.events[:-1]]
    inside_each = [DrainPlan(at_evaluations=frozenset({number + 1})) for number in range(undrained.evaluations)]
    for plan in [everywhere, replace(everywhere, giving_way=True), *once_each, *inside_each]:
        drained = run_case(case, evaluator, plan)
        check_alone(case, drained, allowed)
        check_against(case, undrained, drained, allowed)


@_SETTINGS
@given(case=cases(racing=True))
def test_a_race_ends_in_a_way_that_some_timing_allows(evaluator: Evaluator, case: Case) -> None:
    allowed = _allowed(case)
    undrained = run_case(case, evaluator)
    check_alone(case, undrained, allowed)
    once_each = [DrainPlan(after_events=frozenset({event.sequence_number})) for event in undrained.events[:-1]]
    everywhere = DrainPlan(everywhere=True)
    for plan in [everywhere, replace(everywhere, giving_way=True), *once_each]:
        drained = run_case(case, evaluator, plan)
        check_alone(case, drained, allowed)
        check_against(case, undrained, drained, allowed)


@_SETTINGS
@given(
    case=cases(racing=True),
    at_seconds=st.lists(st.integers(0, 80).map(lambda eighths: eighths / 8), min_size=1, max_size=6).map(tuple),
    downtime=st.sampled_from([0.0, 0.125, 2.0]),
    everywhere=st.booleans(),
    giving_way=st.booleans(),
)
def test_a_run_drained_at_any_time_and_left_alone_for_a_while_keeps_the_law(
    evaluator: Evaluator,
    case: Case,
    at_seconds: tuple[float, ...],
    downtime: float,
    *,
    everywhere: bool,
    giving_way: bool,
) -> None:
    tight = _allowed(case)
    undrained = run_case(case, evaluator)
    check_alone(case, undrained, tight)
    allowed = _allowed(case, downtime=downtime > 0)
    drained = run_case(case, evaluator, DrainPlan(at_seconds=at_seconds, downtime=downtime, everywhere=everywhere))
    check_alone(case, drained, allowed)
    if case.races or downtime == 0:
        check_against(case, undrained, drained, allowed)
