"""A short campaign of `just fuzz`, and every input that ever failed in a long one."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.fuzz.check import Checking, checking
from scripts.fuzz.corpus import entries
from scripts.fuzz.inputs import KINDS, ROOT, Inputs, Kind


@pytest.fixture(scope="module")
def checks() -> Iterator[dict[Kind, Checking]]:
    with checking("documents") as documents, checking("expressions") as expressions:
        yield {"documents": documents, "expressions": expressions}


@pytest.mark.parametrize(("kind", "chance", "path"), entries(), ids=lambda value: getattr(value, "stem", str(value)))
def test_what_failed_once_holds(checks: dict[Kind, Checking], kind: Kind, chance: int, path: Path) -> None:
    assert isinstance(checks[kind].outcome(path.read_bytes(), chance), str)


def test_a_short_campaign_finds_nothing(tmp_path: Path) -> None:
    campaign = subprocess.run(
        [sys.executable, "-m", "scripts.fuzz", "--documents", "700", "--expressions", "700", "--corpus", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert campaign.returncode == 0, campaign.stdout + campaign.stderr
    assert "700 documents" in campaign.stdout
    assert "700 expressions" in campaign.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_gives_the_same_inputs_again(kind: Kind) -> None:
    one, other = Inputs(7), Inputs(7)
    assert [one.get(kind, number) for number in range(50)] == [other.get(kind, number) for number in range(50)]
    assert one.get(kind, 3) != Inputs(8).get(kind, 3)
