"""`stigmer run` with processes and sub-workflows, from outside."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HEADER = "document: {{dsl: '1.0.3', namespace: tests, name: {}, version: '1.0.0'}}\n"
SHELL = HEADER.format("shell") + "do: [{a: {run: {shell: {command: 'echo $RUNNER; echo out'}}}}]\n"
SCRIPT = HEADER.format("script") + "do: [{a: {run: {script: {language: python, code: print(1)}}}}]\n"
PARENT = HEADER.format("parent") + "do: [{a: {run: {workflow: {namespace: tests, name: child, input: {n: 2}}}}}]\n"
CHILD = HEADER.format("child") + "do: [{b: {set: {got: '${ .n }'}}}]\n"

MakeFile = Callable[[str, str], str]


@pytest.fixture
def file(tmp_path: Path) -> MakeFile:
    def make(name: str, text: str) -> str:
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return make


def stigmer(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "stigmer_runner", "run", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})


@pytest.mark.parametrize(("text", "kind"), [(SHELL, "shell"), (SCRIPT, "script")])
def test_processes_are_off(file: MakeFile, text: str, kind: str) -> None:
    done = stigmer(file("main.yaml", text))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"error[process-not-allowed]: `run: {kind}` is off in this runner" in done.stderr
    assert f"--allow-{kind}" in done.stderr


@pytest.mark.parametrize(
    ("text", "option", "variable", "output"),
    [(SHELL, "--allow-shell", "ALLOW_SHELL", "\nout\n"), (SCRIPT, "--allow-script", "ALLOW_SCRIPT", "1\n")],
)
def test_options_and_variables_allow_them(file: MakeFile, text: str, option: str, variable: str, output: str) -> None:
    name = file("main.yaml", text)
    for done in (stigmer(name, option, RUNNER="seen"), stigmer(name, RUNNER="seen", **{variable: "true"})):
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == output


def test_the_limits_are_those_of_the_variables(file: MakeFile) -> None:
    name = file("main.yaml", SHELL.replace("echo out", "sleep 1000"))
    done = stigmer(name, "--allow-shell", PROCESS_SECONDS="0.3")
    assert done.returncode == 1
    assert json.loads(done.stderr.splitlines()[-1])["title"] == "The process ran too long"


def test_documents_for_sub_workflows(file: MakeFile) -> None:
    parent = file("parent.yaml", PARENT)
    done = stigmer(parent, "--document", file("child.yaml", CHILD))
    assert (done.returncode, json.loads(done.stdout)) == (0, {"got": 2})
    without = stigmer(parent)
    assert without.returncode == 1
    error = json.loads(without.stderr.splitlines()[-1])
    assert error["title"] == "There is no workflow tests/child:latest"
    assert "--document" in error["detail"]


def test_a_problem_of_such_a_document_shows_its_own_line(file: MakeFile) -> None:
    child = file("child.yaml", CHILD.replace("set:", "sett:"))
    done = stigmer(file("parent.yaml", PARENT), "--document", child)
    assert done.returncode == 2
    assert f"{child}:2:" in done.stderr
    assert "sett: {got:" in done.stderr


def test_a_workflow_that_runs_itself_comes_to_an_end(file: MakeFile) -> None:
    done = stigmer(file("main.yaml", PARENT.replace("child", "parent")), MAX_WORKFLOW_DEPTH="3")
    assert done.returncode == 1
    error = json.loads(done.stderr.splitlines()[-1])
    assert (error["title"], error["instance"]) == ("Sub-workflows are nested too deeply", "/do/0/a")
