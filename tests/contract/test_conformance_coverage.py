"""The list of constructs and the cases belong together, and the table in the documentation says what they say."""

import subprocess
import sys
from pathlib import Path

from stigmer_engine.cases import find_case_files, read_cases

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests" / "contract" / "dsl"


def test_every_case_says_what_it_proves() -> None:
    silent = [case.name for path in find_case_files(CASES) for case in read_cases(path) if not case.covers]
    assert silent == []


def test_every_construct_is_proven_and_the_table_of_support_says_so() -> None:
    arguments = [sys.executable, "-m", "scripts.dsl_support", "--check"]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True)
    assert done.stderr == ""
    assert done.returncode == 0
