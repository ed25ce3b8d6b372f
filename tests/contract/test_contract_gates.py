"""The gates of the contract catch what they are there for. Each case runs on a copy of the protos."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNNER = "ai/stigmer/agentic/workflowrunner/v1"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "proto", tmp_path / "proto")
    for name in ("buf.yaml", "buf.gen.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def contract(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "contract.py"), "--tree", str(tree), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def replace(tree: Path, file: str, old: str, new: str) -> None:
    path = tree / "proto" / file
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def test_an_unchanged_contract_passes(tree: Path) -> None:
    done = contract(tree, "breaking")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_new_field_and_a_new_method_pass(tree: Path) -> None:
    replace(tree, f"{RUNNER}/io.proto", "bool success = 1;", "bool success = 1;\n  // Why.\n  string reason = 2;")
    method = "  rpc ReportProgress(WorkflowProgressEvent) returns (ReportProgressResponse);\n"
    replace(tree, f"{RUNNER}/service.proto", method, method + method.replace("ReportProgress(", "ReportAgain("))
    assert contract(tree, "breaking").returncode == 0


@pytest.mark.parametrize(
    ("file", "old", "new", "finding"),
    [
        ("io.proto", "bool success = 1;", "bool success = 2;", "success"),
        ("progress.proto", "int64 timestamp_ms = 7;", "int32 timestamp_ms = 7;", "timestamp_ms"),
        (
            "service.proto",
            "  rpc ResumeExecution(ResumeExecutionRequest) returns (google.protobuf.Empty);\n",
            "",
            "ResumeExecution",
        ),
        ("progress.proto", "string task_reference = 12;", "string task_pointer = 12;", "task_reference"),
        ("spec.proto", "WORKFLOW_RUNNER_CAPABILITY_DURABLE = 5", "WORKFLOW_RUNNER_CAPABILITY_DURABLE = 6", "5"),
    ],
    ids=["renumbered field", "changed type", "removed method", "renamed field", "renumbered enum value"],
)
def test_a_breaking_change_is_caught(tree: Path, file: str, old: str, new: str, finding: str) -> None:
    replace(tree, f"{RUNNER}/{file}", old, new)
    done = contract(tree, "breaking")
    assert done.returncode != 0
    assert file in done.stderr
    assert finding in done.stderr


def test_a_change_is_compared_with_a_branch(tree: Path) -> None:
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.com"]
    for arguments in (["init", "-q", "-b", "trunk"], ["add", "."], ["commit", "-q", "-m", "contract"]):
        subprocess.run([*git, *arguments], cwd=tree, check=True)
    assert contract(tree, "breaking", "--branch", "trunk").returncode == 0
    replace(tree, f"{RUNNER}/io.proto", "bool success = 1;", "bool success = 2;")
    assert "success" in contract(tree, "breaking", "--branch", "trunk").stderr
    assert "nowhere" in contract(tree, "breaking", "--branch", "nowhere").stderr


def test_a_release_refuses_breaking_changes_unless_they_are_intended(tree: Path) -> None:
    released = tree / "proto" / "released.binpb"
    before = released.read_bytes()
    replace(tree, f"{RUNNER}/io.proto", "bool success = 1;", "bool success = 2;")
    assert contract(tree, "release").returncode != 0
    assert released.read_bytes() == before
    assert contract(tree, "release", "--breaking-is-intended").returncode == 0
    assert released.read_bytes() != before


def test_lint_passes_and_catches_a_missing_comment(tree: Path) -> None:
    assert contract(tree, "lint").returncode == 0
    replace(tree, f"{RUNNER}/io.proto", "bool success = 1;", "bool success = 1;\n  string reason = 2;")
    done = contract(tree, "lint")
    assert done.returncode != 0
    assert "reason" in done.stderr


def test_drift_of_the_generated_code_is_caught(tree: Path) -> None:
    shutil.copytree(ROOT / "gen" / "stigmer_proto", tree / "gen" / "stigmer_proto")
    assert contract(tree, "gen-check").returncode == 0
    replace(tree, f"{RUNNER}/io.proto", "// The event is stored", "// The event was stored")
    done = contract(tree, "gen-check")
    assert done.returncode != 0
    assert f"stale: {RUNNER}/__init__.py" in done.stderr
