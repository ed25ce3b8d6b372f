"""Standard errors under all their names, and retries whose delay is random."""

from itertools import pairwise

import pytest
from stigmer_engine.faults import ERROR_BASE, STANDARD_STATUS
from stigmer_engine.testing import run_document

BASES = [
    "https://open-workflow-specification.org/spec/1.0.0/errors/",
    "https://serverlessworkflow.io/spec/1.0.0/errors/",
    "https://open-workflow-specification.org/dsl/errors/types/",
    "https://serverlessworkflow.io/dsl/errors/types/",
]


@pytest.mark.parametrize("raised", BASES)
@pytest.mark.parametrize("caught", BASES)
def test_a_standard_error_is_caught_under_each_of_its_names(raised: str, caught: str) -> None:
    document = f"""
do:
  - t:
      try: [r: {{raise: {{error: {{type: "{raised}communication", status: 500}}}}}}]
      catch: {{errors: {{with: {{type: "{caught}communication"}}}}, do: [h: {{set: {{caught: true}}}}]}}
"""
    assert run_document(document).output == {"caught": True}


@pytest.mark.parametrize("kind", STANDARD_STATUS)
def test_every_standard_error_has_aliases(kind: str) -> None:
    document = f"""
do:
  - t:
      try: [r: {{raise: {{error: {{type: "{BASES[3]}{kind}", status: 500}}}}}}]
      catch: {{errors: {{with: {{type: "{BASES[0]}{kind}"}}}}, do: [h: {{set: {{caught: true}}}}]}}
"""
    assert run_document(document).output == {"caught": True}


@pytest.mark.parametrize("caught", [BASES[0] + "timeout", "https://example.test/errors/communication", "communication"])
def test_another_type_is_not_caught(caught: str) -> None:
    document = f"""
do:
  - t:
      try: [r: {{raise: {{error: {{type: "{BASES[1]}communication", status: 500}}}}}}]
      catch: {{errors: {{with: {{type: "{caught}"}}}}}}
"""
    assert run_document(document).error["type"] == BASES[1] + "communication"


def test_own_errors_are_raised_under_the_present_name() -> None:
    assert run_document("do: [a: {set: '${ error(1) }'}]").error["type"] == ERROR_BASE + "expression"


def test_jitter_is_added_from_its_range() -> None:
    document = """
do:
  - t:
      try: [r: {raise: {error: {type: "x:y", status: 400}}}]
      catch: {retry: {delay: PT10S, jitter: {from: PT1S, to: PT3S}, limit: {attempt: {count: 20}}}}
"""
    run = run_document(document)
    times = [event.timestamp_ms / 1000 for event in run.events if event.event_type == "task_started"][1:]
    delays = [later - earlier for earlier, later in pairwise(times)]
    assert len(delays) == 20
    assert all(10.999 <= delay <= 13.001 for delay in delays)
    assert len(set(delays)) > 5


def test_retries_are_told_with_their_number_and_the_error() -> None:
    document = """
do:
  - t:
      try: [r: {raise: {error: {type: "x:y", status: 400, title: T}}}]
      catch: {retry: {delay: PT10S, limit: {attempt: {count: 2}}}, do: [h: {set: {a: 1}}]}
"""
    retries = [event for event in run_document(document).events if event.event_type == "task_retry"]
    assert [event.attempt for event in retries] == [2, 3]
    assert all(event.error is not None and event.error.message == "T" for event in retries)
    assert {event.task_reference for event in retries} == {"/do/0/t"}
