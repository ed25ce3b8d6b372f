"""Cases of the language on Temporal, whose executions continue as new again and again."""

from typing import Final

import pytest

from tests.contract.conformance_on_temporal import Findings, cases, in_own_time, on_dev_server, told

FEW_EVENTS: Final = 16
TIMELESS: Final = tuple(
    name
    for name in in_own_time()
    if name.startswith(("events:", "for:", "fork:", "reuse:", "try:"))
    and "duration" not in cases()[name].case.expect.model_fields_set
    and "starts" not in cases()[name].case.expect.model_fields_set
)
"""Cases in which no time is measured: the server counts what it jumped over twice when a run continues as new."""


@pytest.fixture(scope="module")
def continued() -> Findings:
    return on_dev_server(TIMELESS, history_events=FEW_EVENTS)


@pytest.mark.parametrize("name", TIMELESS)
def test_the_case_is_the_same_when_it_continues_as_new_again_and_again(name: str, continued: Findings) -> None:
    assert not continued[name], told(name, continued)
