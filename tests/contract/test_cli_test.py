"""`stigmer test` as a process."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

CASES = """
workflow: {do: [{rest: {wait: PT5H}}, {a: {set: {n: 1}}}]}
cases:
  - {name: holds, expect: {output: {n: 1}}}
  - {name: does not hold, expect: {output: {n: 2}}}
"""


def stigmer(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stigmer_runner", "test", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


def test_cases_of_a_folder_and_their_report(tmp_path: Path) -> None:
    (tmp_path / "flow.test.yaml").write_text(CASES)
    done = stigmer(".", "--junit", "results.xml", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines()[:3] == [
        "ok   flow.test.yaml:4 holds",
        "FAIL flow.test.yaml:5 does not hold",
        "     output/n: expected 2, got 1",
    ]
    assert done.stdout.splitlines()[3].startswith("1 held, 1 failed in ")
    assert done.stdout.rstrip().endswith("(10 h of workflow time)")
    root = ET.parse(tmp_path / "results.xml").getroot()
    assert (root.get("tests"), root.get("failures")) == ("2", "1")


def test_a_filter_and_json(tmp_path: Path) -> None:
    (tmp_path / "flow.test.yaml").write_text(CASES)
    done = stigmer("flow.test.yaml", "--filter", "HOLDS", "--json", cwd=tmp_path)
    assert done.returncode == 0
    (result,) = json.loads(done.stdout)
    assert (result["name"], result["holds"], result["virtual_seconds"]) == ("holds", True, 18000)


def test_drained(tmp_path: Path) -> None:
    (tmp_path / "flow.test.yaml").write_text(CASES)
    assert stigmer("flow.test.yaml", "--filter", "holds", "--drained", cwd=tmp_path).returncode == 0


def test_a_broken_case_file_is_shown_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "bad.test.yaml").write_text("workflow: {do: []}\ncases:\n  - {name: a, expct: {}}\n")
    (tmp_path / "good.test.yaml").write_text("workflow: {do: []}\ncases: [{name: a}]\n")
    done = stigmer(".", cwd=tmp_path)
    assert done.returncode == 2
    assert (
        done.stderr.splitlines()[0] == "bad.test.yaml:3:15: error[unknown-property]: There is no property `expct` here"
    )
    assert "hint: Did you mean `expect`?" in done.stderr
    assert "ok   good.test.yaml:2 a" in done.stdout


def test_nothing_to_perform(tmp_path: Path) -> None:
    assert stigmer(".", cwd=tmp_path).returncode == 2
    assert stigmer("nowhere", cwd=tmp_path).returncode == 2
    (tmp_path / "flow.test.yaml").write_text(CASES)
    done = stigmer(".", "--filter", "nobody", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.strip() == "Error: No case has 'nobody' in its name."


def test_a_document_is_told_from_a_file_of_cases(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text("document: {}\ndo: []\n")
    done = stigmer("flow.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].endswith("This is a workflow document, and no file of cases")
    assert done.stderr.count("error[") == 1
