"""Cases of the language on Temporal with nothing kept in memory: each step replays it from its beginning.

A quarter of the cases, always the same; all of them in `just test-extended`.
"""

import os
from zlib import crc32

import pytest

from tests.contract.conformance_on_temporal import Findings, in_own_time, on_dev_server, told

ALL = bool(os.environ.get("STIGMER_ALL_CASES"))
NAMES = [name for name in in_own_time() if ALL or crc32(name.encode()) % 4 == 0]


@pytest.fixture(scope="module")
def replayed() -> Findings:
    return on_dev_server(NAMES, cached=0)


def test_the_sample_is_large_enough_to_mean_something() -> None:
    assert len(NAMES) >= 60


@pytest.mark.parametrize("name", NAMES)
def test_the_case_is_the_same_when_each_step_replays_it(name: str, replayed: Findings) -> None:
    assert not replayed[name], told(name, replayed)
