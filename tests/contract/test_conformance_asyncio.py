"""Every case of the language on the in-process runtime: straight through, and drained and entered again all the way.

The second time the run is frozen after each of its events and goes on from the text of its frames (docs/engine.md);
that must change nothing at all.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stigmer_engine.cases import AsyncioStage, PlannedCase, find_case_files, judge, read_cases

CASES = tuple(
    case for path in find_case_files(Path(__file__).with_name("dsl")) for case in read_cases(path, source=path.name)
)


def name_of(case: PlannedCase) -> str:
    return f"{case.source.partition('.')[0]}: {case.name}"


@pytest.fixture(scope="module", params=[False, True], ids=["straight", "drained"])
def stage(request: pytest.FixtureRequest) -> Iterator[AsyncioStage]:
    with AsyncioStage(drained=request.param) as stage:
        yield stage


def test_the_suite_is_large_enough_to_mean_something() -> None:
    assert len(CASES) >= 250


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_case_holds(case: PlannedCase, stage: AsyncioStage) -> None:
    differences = judge(case.case.expect, stage.perform(case))
    assert not differences, f"{case.source}:{case.line}\n" + "\n".join(differences)
