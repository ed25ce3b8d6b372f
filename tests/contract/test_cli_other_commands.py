"""`stigmer validate`, `convert`, `graph`, `serve` and `--help` from outside."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
import yaml
from stigmer_converter import spec_from_binary
from stigmer_runner.cli.app import run_command

HEADER = "document: {dsl: 1.0.0, namespace: test, name: sample, version: 1.0.0}\n"
VALID = HEADER + "do:\n  - greet: {set: {message: hello}}\n"
INVALID = HEADER + "do:\n  - a: {sett: {x: 1}}\n  - b: {set: {y: '${ .( }'}}\n"
LATER = HEADER + "do:\n  - ask: {call: mcp, with: {method: tools/list, transport: {stdio: {command: x}}}}\n"
SPEC = {
    "document": {"dsl": "1.0.0", "namespace": "test", "name": "spec", "version": "1.0.0"},
    "tasks": [
        {"name": "a", "kind": "WORKFLOW_TASK_KIND_SET", "taskConfig": {"variables": {"x": "1"}}},
        {"name": "b", "kind": "WAIT", "task_config": {"seconds": 5}},
    ],
}


def stigmer(
    *arguments: str, stdin: bytes = b"", environment: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "stigmer_runner", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, env={**os.environ, **(environment or {})})


class InProcess(Protocol):
    """Runs a command line in this process; gives exit code, stdout and stderr."""

    def __call__(self, *arguments: str, environment: dict[str, str] | None = None) -> tuple[int, str, str]: ...


@pytest.fixture
def in_process(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[InProcess]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def run(*arguments: str, environment: dict[str, str] | None = None) -> tuple[int, str, str]:
        with monkeypatch.context() as patch:
            for name, value in (environment or {}).items():
                patch.setenv(name, value)
            code = run_command(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    yield run
    root.handlers[:], root.level = handlers, level


def test_validate_says_yes(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(VALID)
    done = stigmer("validate", str(path))
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, f"{path}: valid\n", b"")


def test_validate_reports_every_problem_of_every_file(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(VALID)
    bad.write_text(INVALID)
    done = stigmer("validate", str(good), str(bad))
    assert done.returncode == 2
    text = done.stdout.decode()
    assert f"{good}: valid" in text
    assert f"{bad}: invalid" in text
    assert "/do/0/a" in text
    assert "/do/1/b" in text

    report = json.loads(stigmer("validate", "--json", str(good), str(bad)).stdout)
    assert [(entry["file"], entry["valid"]) for entry in report] == [(str(good), True), (str(bad), False)]
    assert report[0]["problems"] == []
    for problem in report[1]["problems"]:
        assert {"code", "message", "pointer", "line", "column", "severity", "hint"} <= set(problem)


def test_validate_warns_about_what_only_this_runner_cannot_do() -> None:
    done = stigmer("validate", "--json", "-", stdin=LATER.encode())
    assert done.returncode == 0
    problems = json.loads(done.stdout)[0]["problems"]
    assert [(problem["code"], problem["severity"]) for problem in problems] == [("unsupported-construct", "warning")]


@pytest.mark.parametrize("command", ["validate", "graph", "convert", "run"])
def test_a_missing_file_is_one_sentence(in_process: InProcess, command: str) -> None:
    code, stdout, stderr = in_process(command, "/nowhere.json")
    assert (code, stdout) == (2, "")
    assert stderr.count("\n") == 1
    assert "/nowhere.json" in stderr


def test_convert_and_back(tmp_path: Path) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps(SPEC))
    converted = stigmer("convert", str(spec))
    assert (converted.returncode, converted.stderr) == (0, b"")
    document = yaml.safe_load(converted.stdout)
    assert document["document"]["name"] == "spec"
    assert document["do"] == [{"a": {"set": {"x": "1"}}}, {"b": {"wait": {"seconds": 5}}}]

    back = stigmer("convert", "--reverse", "-", stdin=converted.stdout)
    assert back.returncode == 0
    assert [task["name"] for task in json.loads(back.stdout)["tasks"]] == ["a", "b"]

    binary = stigmer("convert", "--reverse", "--to", "binary", "-", stdin=converted.stdout)
    assert [task.name for task in spec_from_binary(binary.stdout).tasks] == ["a", "b"]
    path = tmp_path / "spec.binpb"
    path.write_bytes(binary.stdout)
    assert stigmer("convert", str(path)).stdout == converted.stdout


def test_convert_reports_all_problems(tmp_path: Path) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps({**SPEC, "tasks": [{"name": "a", "kind": "NOPE"}, {"name": "b", "kind": "WAIT"}]}))
    done = stigmer("convert", str(spec))
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"tasks[0]" in done.stderr
    assert b"tasks[1]" in done.stderr
    unknown = tmp_path / "spec.txt"
    unknown.write_text("x")
    assert stigmer("convert", str(unknown)).returncode == 2
    assert stigmer("convert", "--reverse", "-", stdin=INVALID.encode()).returncode == 2


def test_graph_draws_tasks_and_flow() -> None:
    document = HEADER + (
        "do:\n"
        "  - pick: {switch: [{big: {when: '.n > 1', then: loop}}, {rest: {then: end}}]}\n"
        "  - loop: {for: {each: i, in: .items}, do: [{inner: {set: {a: 1}}}]}\n"
        "  - both: {fork: {branches: [{left: {set: {a: 1}}}, {right: {wait: {seconds: 1}}}]}}\n"
        "  - guard: {try: [{ask: {call: http, with: {method: get, endpoint: 'https://e.x/\"q\"'}}}], "
        "catch: {do: [{fix: {set: {a: 1}}}]}, then: pick}\n"
    )
    done = stigmer("graph", "-", stdin=document.encode())
    assert done.returncode == 0, done.stderr
    lines = [line.strip() for line in done.stdout.decode().splitlines()]
    assert lines[0] == "flowchart TD"
    for expected in (
        't1{"pick: switch"}',
        't1 -->|"big: .n #gt; 1"| t2',
        't1 -->|"rest: otherwise"| finish',
        't2{{"loop: for i in .items"}}',
        "start --> t1",
    ):
        assert expected in lines
    assert '"q"' not in done.stdout.decode()
    assert "GET https://e.x/#quot;q#quot;" in done.stdout.decode()
    opened = sum(line.startswith("subgraph") for line in lines)
    assert lines.count("end") == opened
    assert stigmer("graph", "-", stdin=INVALID.encode()).returncode == 2


def test_help_is_complete(in_process: InProcess) -> None:
    overview = in_process("--help")[1]
    for command in ("run", "serve", "validate", "convert", "graph"):
        assert command in overview
        code, stdout, _ = in_process(command, "--help")
        assert code == 0
        assert stdout.startswith(f"Usage: stigmer {command}")
    for option in ("--input", "--env", "--secret", "--events", "--output"):
        assert option in in_process("run", "--help")[1]
    assert in_process("--version")[1].startswith("stigmer, version ")


def test_the_script_and_the_module_are_the_same() -> None:
    script = Path(sys.executable).parent / "stigmer"
    assert subprocess.run([script, "--help"], capture_output=True).stdout == stigmer("--help").stdout


def test_help_imports_no_engine() -> None:
    code = (
        "import sys; from stigmer_runner.cli.app import run_command; run_command(['--help']); "
        "print([m for m in sys.modules if m.startswith(('stigmer_engine', 'stigmer_proto', 'grpclib', 'pydantic'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("arguments", [("nosuch",), (), ("run",), ("validate",)])
def test_wrong_usage_is_exit_2(in_process: InProcess, arguments: tuple[str, ...]) -> None:
    assert in_process(*arguments)[0] == 2


@pytest.mark.parametrize(
    ("variable", "value"),
    [("GRPC_PORT", "x"), ("EXECUTION_MODE", "sideways"), ("LOG_LEVEL", "loud"), ("BIND_HOST", "not.a.host.invalid")],
)
def test_serve_refuses_a_wrong_setting_with_one_sentence(in_process: InProcess, variable: str, value: str) -> None:
    code, stdout, stderr = in_process("serve", environment={"GRPC_PORT": "0", "HTTP_PORT": "0", variable: value})
    assert (code, stdout) == (2, "")
    assert stderr.splitlines()[-1].startswith(f"Error: {variable}")


def test_validate_takes_folders_and_leaves_other_files_alone(tmp_path: Path, in_process: InProcess) -> None:
    for name, text in {
        "good.yaml": VALID,
        "deep/bad.yml": INVALID,
        "broken.yaml": f"{HEADER}do: [",
        "good.test.yaml": "workflow: good.yaml\ncases: []\n",
        "spec.json": json.dumps(SPEC),
        "values.yaml": "document: of another kind\n",
        ".venv/hidden.yaml": INVALID,
        "node_modules/x/hidden.yaml": INVALID,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    code, stdout, _ = in_process("validate", "--json", str(tmp_path), str(tmp_path / "good.yaml"))
    found = {Path(report["file"]).relative_to(tmp_path).as_posix(): report["valid"] for report in json.loads(stdout)}
    assert code == 2
    assert found == {"broken.yaml": False, "good.yaml": True, "deep/bad.yml": False}


def test_validate_of_a_folder_without_documents_is_no_success(tmp_path: Path, in_process: InProcess) -> None:
    code, stdout, stderr = in_process("validate", str(tmp_path))
    assert (code, stdout) == (2, "")
    assert "no workflow document" in stderr


def test_a_command_that_is_nearly_right_is_guessed(in_process: InProcess) -> None:
    assert "Did you mean 'validate'?" in in_process("valdate", "x.yaml")[2]
    assert "Did you mean" not in in_process("xyzzy")[2]


@pytest.mark.parametrize(
    "words",
    [["run"], ["validate"], ["graph"], ["convert"], ["test"], ["apply"], ["run", "x.yaml", "--document"]],
    ids=" ".join,
)
def test_shells_complete_names_of_files(words: list[str]) -> None:
    line = " ".join(["stigmer", *words, "ord"])
    environment = {"_STIGMER_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) + 1)}
    done = subprocess.run(
        [sys.executable, "-c", "from stigmer_runner.cli.app import stigmer; stigmer(prog_name='stigmer')"],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert done.stdout == "file,ord\n"


def test_a_document_is_not_converted_but_reverted(tmp_path: Path, in_process: InProcess) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(VALID)
    code, stdout, stderr = in_process("convert", str(path))
    assert (code, stdout) == (2, "")
    assert "--reverse" in stderr
    code, stdout, _ = in_process("convert", "--reverse", "--to", "yaml", str(path))
    assert (code, yaml.safe_load(stdout)["tasks"][0]["name"]) == (0, "greet")
    (tmp_path / "spec.yaml").write_text(stdout)
    assert in_process("convert", str(tmp_path / "spec.yaml"))[0] == 0


def test_what_cannot_be_reverted_is_shown_in_its_line(tmp_path: Path, in_process: InProcess) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(HEADER + "do:\n  - tell: {emit: {event: {with: {type: a}}}}\n")
    code, _, stderr = in_process("convert", "--reverse", str(path))
    assert code == 2
    assert f"{path}:3:5: error[not-expressible]" in stderr
