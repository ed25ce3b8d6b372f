"""Every case of the language on Temporal with nothing kept in memory: each step replays it from its beginning."""

import pytest

from tests.contract.conformance_on_temporal import Findings, in_own_time, on_dev_server, told


@pytest.fixture(scope="module")
def replayed() -> Findings:
    return on_dev_server(in_own_time(), cached=0)


@pytest.mark.parametrize("name", in_own_time())
def test_the_case_is_the_same_when_each_step_replays_it(name: str, replayed: Findings) -> None:
    assert not replayed[name], told(name, replayed)
