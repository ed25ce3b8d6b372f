"""The example that docs/runner.md shows: an approval, started over gRPC and answered over HTTP."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_approval_on_a_real_runner() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "examples.approval.demo"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert "posted the decision: 202" in lines
    assert lines[-1] == "{'expense': 'e-7', 'approved': True, 'by': 'Ann'}"
