"""The list of constructs and the cases belong together, and the table in the documentation says what they say."""

import subprocess
import sys
from pathlib import Path

from scripts.dsl_support import CASES, read_rows
from stigmer_engine.cases import find_case_files, read_cases

ROOT = Path(__file__).resolve().parents[2]


def covered() -> set[str]:
    return {row for path in find_case_files(CASES) for case in read_cases(path) for row in case.covers}


def test_every_case_names_rows_that_exist() -> None:
    assert covered() - {row.id for section in read_rows() for row in section.rows} == set()


def test_every_case_proves_something() -> None:
    silent = [case.name for path in find_case_files(CASES) for case in read_cases(path) if not case.covers]
    assert silent == []


def test_every_row_has_a_case_or_a_test() -> None:
    unproven = {row.id for section in read_rows() for row in section.rows if not row.tests} - covered()
    assert unproven == set()


def test_every_test_that_a_row_names_exists() -> None:
    named = {test for section in read_rows() for row in section.rows for test in row.tests}
    assert {test for test in named if not (ROOT / test).is_file()} == set()


def test_the_table_in_the_documentation_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, "-m", "scripts.dsl_support", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
