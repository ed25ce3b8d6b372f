"""The programs in the README files run as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def programs() -> list[tuple[str, str]]:
    """Whole programs only: a block that does not start the loop itself is a fragment."""
    found = []
    for page in sorted((ROOT / "packages").glob("*/README.md")):
        for index, block in enumerate(PROGRAM.findall(page.read_text())):
            if "asyncio.run(" in block:
                found.append((f"{page.parent.name}-{index}", block))
    return found


def test_there_are_programs() -> None:
    assert "engine-0" in dict(programs())


@pytest.mark.parametrize(("name", "program"), programs(), ids=[name for name, _ in programs()])
def test_a_program_runs(name: str, program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, f"{name}: {done.stderr}"
    expected = re.findall(r"print\(.*\)  # (.+)$", program, re.MULTILINE)
    assert done.stdout.splitlines()[: len(expected)] == expected
