"""`stigmer run` from outside: outputs, exit codes, events, signals, and no secret anywhere."""

import json
import logging
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowProgressEvent
from stigmer_runner.cli.app import run_command

HEADER = "document: {dsl: 1.0.0, namespace: test, name: sample, version: 1.0.0}\n"
GREET = HEADER + "do:\n  - greet: {set: {message: '${ \"Hello \\(.name)\" }'}}\n"
ENDLESS = HEADER + "do:\n  - hold: {wait: {hours: 1}}\n"
FAILING = HEADER + (
    "do:\n  - stop: {raise: {error: {type: 'https://example.com/nope', status: 418, title: No, detail: because}}}\n"
)
INVALID = HEADER + "do:\n  - a: {sett: {x: 1}}\n  - b: {wait: {parsecs: 1}}\n"


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def make(text: str, name: str = "workflow.yaml") -> str:
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return make


def stigmer(*arguments: str, stdin: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "stigmer_runner", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


@pytest.fixture
def in_process(capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """The same command line without a new process, where only arguments matter: exit code, stdout, stderr."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def run(*arguments: str) -> tuple[int, str, str]:
        code = run_command(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    yield run
    root.handlers[:], root.level = handlers, level


def begin(*arguments: str) -> "subprocess.Popen[str]":
    """A run that is inside its `hold` task; its events are on standard error."""
    process = subprocess.Popen(
        [sys.executable, "-m", "stigmer_runner", "run", "--events", "-", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if json.loads(line)["task_name"] == "hold":
            break
    return process


def test_the_output_is_all_there_is_on_stdout(write: Any) -> None:
    done = stigmer("run", write(GREET), "--input", '{"name": "Ann"}')
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"message": "Hello Ann"}


@pytest.mark.parametrize("value", ["null", "[]", "3", "1.5", '"täxt"', "true", '{"a": [1, {"b": null}]}'])
def test_any_json_comes_out_as_it_went_in(write: Any, in_process: Any, value: str) -> None:
    document = write(HEADER + "do:\n  - keep: {set: {v: '${ .v }'}}\noutput: {as: '${ .v }'}\n")
    code, stdout, stderr = in_process("run", document, "--input", f'{{"v": {value}}}')
    assert code == 0, stderr
    assert json.loads(stdout) == json.loads(value)


def test_inputs_from_file_and_stdin(write: Any) -> None:
    given = write('{"name": "File"}', "input.json")
    assert json.loads(stigmer("run", write(GREET), "--input", f"@{given}").stdout) == {"message": "Hello File"}
    assert json.loads(stigmer("run", write(GREET), "--input", "-", stdin='{"name": "In"}').stdout) == {
        "message": "Hello In"
    }
    assert json.loads(stigmer("run", "-", "--input", '{"name": "Doc"}', stdin=GREET).stdout) == {"message": "Hello Doc"}


@pytest.mark.parametrize(
    "given", ["name: Yaml", "{name: Yaml}", "@input.yaml", '{"name": "Yaml"}', "# the name\nname: 'Yaml'\n"]
)
def test_an_input_may_be_yaml(
    write: Any, in_process: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write("name: Yaml\n", "input.yaml")
    assert json.loads(in_process("run", write(GREET), "--input", given)[1]) == {"message": "Hello Yaml"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ('{"name": "a" "b"}', "neither JSON nor YAML"),
        ("name: [a", "line 1, column 9"),
        ('{"name": NaN}', "NaN is not a JSON number"),
        ("name=Ada", "'name: Ada'"),
        ("input.yaml", "write @input.yaml"),
        ("@broken.yaml", "The input in broken.yaml is neither JSON nor YAML"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_an_input_that_cannot_be_read_says_what_to_write(
    write: Any, in_process: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write("name: Yaml\n", "input.yaml")
    write("a: b: c\n", "broken.yaml")
    code, stdout, stderr = in_process("run", write(GREET), "--input", given)
    assert (code, stdout, stderr.count("\n")) == (2, "", 1)
    assert said in stderr


def test_only_one_thing_comes_from_standard_input(in_process: Any) -> None:
    code, _, stderr = in_process("run", "-", "--input", "-")
    assert code == 2
    assert "standard input" in stderr
    assert "--input" in stderr


def test_output_formats(write: Any, in_process: Any) -> None:
    arguments = ("run", write(GREET), "--input", '{"name": "no"}', "--output")
    assert in_process(*arguments, "yaml")[1] == "message: Hello no\n"
    assert json.loads(in_process(*arguments, "json")[1]) == {"message": "Hello no"}
    assert json.loads(in_process(*arguments, "pretty")[1]) == {"message": "Hello no"}


def test_variables_reach_the_workflow(write: Any) -> None:
    document = write(HEADER + "do:\n  - show: {set: {got: '${ $runtime.metadata.env }'}}\n")
    done = stigmer("run", document, "--env", "A=1", "--env", "B=x=y", "--env", "EMPTY=")
    assert json.loads(done.stdout) == {"got": {"A": "1", "B": "x=y", "EMPTY": ""}}


def test_a_fault_is_exit_1_and_its_error_the_last_line_of_stderr(write: Any) -> None:
    done = stigmer("run", write(FAILING))
    assert (done.returncode, done.stdout) == (1, "")
    assert json.loads(done.stderr.splitlines()[-1]) == {
        "type": "https://example.com/nope",
        "status": 418,
        "title": "No",
        "detail": "because",
        "instance": "/do/0/stop",
    }


def test_a_fault_is_shown_in_its_line(write: Any) -> None:
    path = write(FAILING)
    lines = stigmer("run", path).stderr.splitlines()
    assert lines[0] == f"{path}:3:5: error[nope]: No: because"
    assert lines[1].endswith("title: No, detail: because}}}")
    assert lines[2].index("^") == lines[1].index("stop")
    assert lines[3] == "  at /do/0/stop"
    assert len(lines) == 5
    assert all(line.startswith("{") for line in stigmer("run", path, "--events", "-").stderr.splitlines())


def test_an_invalid_document_is_exit_2_with_every_problem(write: Any) -> None:
    path = write(INVALID)
    done = stigmer("run", path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "/do/0/a" in done.stderr
    assert "/do/1/b" in done.stderr
    lines = done.stderr.splitlines()
    assert sum(line.startswith(f"{path}:") for line in lines) == sum(line.strip().endswith("^") for line in lines) > 1
    assert all(line.startswith((f"{path}:", "  ")) for line in lines)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--input", "{"), "--input is neither JSON nor YAML"),
        (("--input", "NaN"), "not JSON"),
        (("--input", "@/nowhere.json"), "/nowhere.json cannot be read"),
        (("--env", "novalue"), "--env number 1"),
        (("--secret", "=x"), "--secret number 1"),
        (("--events", "/nowhere/events"), "/nowhere/events cannot be written"),
        (("--output", "xml"), "xml"),
        (("--unknown",), "--unknown"),
    ],
)
def test_wrong_usage_is_exit_2_with_a_sentence(
    write: Any, in_process: Any, arguments: tuple[str, ...], said: str
) -> None:
    code, stdout, stderr = in_process("run", write(GREET), *arguments)
    assert (code, stdout) == (2, "")
    assert said in stderr


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path in ("/nowhere.yaml", str(tmp_path)):
        done = stigmer("run", path)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert path in done.stderr


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_bytes(b"\xff\xfe\x00garbage")
    done = stigmer("run", str(path))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_events_are_lines_with_every_field(write: Any, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    done = stigmer("run", write(GREET), "--input", '{"name": "Ann"}', "--events", str(path))
    events = [json.loads(line) for line in path.read_text().splitlines()]
    fields = {field.name for field in WorkflowProgressEvent.DESCRIPTOR.fields}
    assert all(set(event) == fields for event in events)
    assert [event["sequence_number"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["event_type"] == "workflow_started"
    assert events[-1]["event_type"] == "workflow_completed"
    assert events[-1]["payload"]["output"] == json.loads(done.stdout)


def test_events_on_dash_go_to_stderr_because_stdout_is_the_output(write: Any) -> None:
    done = stigmer("run", write(GREET), "--input", '{"name": "Ann"}', "--events", "-")
    assert json.loads(done.stdout) == {"message": "Hello Ann"}
    assert [json.loads(line)["event_type"] for line in done.stderr.splitlines()][-1] == "workflow_completed"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_in_order(write: Any, number: signal.Signals) -> None:
    with begin(write(ENDLESS)) as process:
        process.send_signal(number)
        stdout, stderr = process.communicate()
    assert (process.returncode, stdout) == (130, "")
    lines = [json.loads(line) for line in stderr.splitlines() if line.startswith("{")]
    assert lines[-1]["event_type"] == "workflow_cancelled"
    assert lines[-1]["status"] == "cancelled"


def test_a_signal_before_the_workflow_starts_is_exit_130(tmp_path: Path) -> None:
    fifo = tmp_path / "document"
    os.mkfifo(fifo)
    # Opening the other end of the pipe returns once the command has begun to read its document.
    with subprocess.Popen([sys.executable, "-m", "stigmer_runner", "run", str(fifo)]) as process, fifo.open("w"):
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130


def test_secrets_appear_nowhere(write: Any, tmp_path: Path) -> None:
    secret = 'pa"ss/w+rd é'
    document = write(
        HEADER + "use: {secrets: [TOKEN]}\n"
        "do:\n"
        "  - show: {set: {own: '${ $secrets.TOKEN }', mixed: 'x ${ $secrets.TOKEN } y', given: '${ .given }'}}\n"
        "  - call:\n"
        "      try: [{ask: {call: http, with: {method: get, endpoint: 'http://127.0.0.1:9/', "
        "headers: {t: '${ $secrets.TOKEN }'}}}}]\n"
        "      catch: {as: problem, do: [{keep: {set: {e: '${ $problem }', given: '${ .given }'}}}]}\n"
    )
    events = tmp_path / "events.jsonl"
    done = stigmer(
        "run", document, "--secret", f"TOKEN={secret}", "--input", json.dumps({"given": f"by mistake: {secret}"}),
        "--events", str(events), LOG_LEVEL="debug",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    everything = done.stdout + done.stderr + events.read_text()
    assert "by mistake" in everything
    for form in (secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        assert form not in everything


def test_a_secret_in_an_error_is_masked(write: Any) -> None:
    document = write(
        HEADER + "use: {secrets: [TOKEN]}\n"
        "do:\n  - stop: {raise: {error: {type: 'https://example.com/e', status: 500, title: '${ .given }'}}}\n"
    )
    done = stigmer("run", document, "--secret", "TOKEN=hush-hush", "--input", '{"given": "it is hush-hush"}')
    assert done.returncode == 1
    assert "hush-hush" not in done.stderr
    assert json.loads(done.stderr.splitlines()[-1])["title"] == "it is ***"


def test_live_progress_shows_on_a_terminal_only(write: Any) -> None:
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "stigmer_runner", "run", write(GREET), "--input", '{"name": "Ann"}'],
        stdout=subprocess.PIPE,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm-256color"},
    ) as process:
        os.close(terminal)
        assert process.stdout is not None
        shown = b"".join(read_terminal(controller)).decode()
        assert json.loads(process.stdout.read()) == {"message": "Hello Ann"}
    assert process.returncode == 0
    assert "greet" in shown


def read_terminal(controller: int) -> Iterator[bytes]:
    """What a terminal got until its last writer closed it."""
    try:
        while chunk := os.read(controller, 4096):
            yield chunk
    except OSError:  # how Linux says that the other side is closed
        pass
    finally:
        os.close(controller)


def test_a_reader_that_leaves_ends_the_command_quietly(write: Any) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "stigmer_runner", "run", write(GREET), "--input", '{"name": "Ann"}'],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    stderr = process.stderr.read()
    process.wait()
    process.stderr.close()
    assert "Traceback" not in stderr
    assert "Exception" not in stderr


LISTENING = HEADER + "do:\n  - got: {listen: {to: {all: [{with: {type: a}}, {with: {type: b}}]}, read: envelope}}\n"


def test_events_from_files_reach_the_listeners_in_order(write: Any) -> None:
    more = write('{"type": "a", "id": "7", "source": "/me", "specversion": "1.0"}\n', "more.jsonl")
    done = stigmer("run", write(LISTENING), "--event", "-", "--event", more, stdin='{"type": "b", "data": [1]}\n\n')
    assert done.returncode == 0, done.stderr
    first, second = json.loads(done.stdout)
    assert (first["type"], first["data"], first["specversion"]) == ("b", [1], "1.0")
    assert (second["type"], second["id"], second["source"]) == ("a", "7", "/me")


def test_a_sub_workflow_gets_the_events_too(write: Any, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    write(LISTENING, "documents/child.yaml")
    parent = HEADER.replace("sample", "parent") + (
        "do:\n  - call: {run: {workflow: {namespace: test, name: sample, version: latest}}}\n"
    )
    events = '{"type": "a"}\n{"type": "b"}\n'
    done = stigmer("run", write(parent), "--event", "-", stdin=events, DOCUMENTS_DIR=str(folder))
    assert done.returncode == 0, done.stderr
    assert [event["type"] for event in json.loads(done.stdout)] == ["a", "b"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "is not JSON"),
        ("7", "an event is an object"),
        ('{"id": "1"}', "`type` is missing"),
        ('{"type": "a", "specversion": "0.3"}', "specversion"),
        ("[" * 100_000, "line 2"),
    ],
)
def test_what_is_no_event_is_one_sentence(write: Any, in_process: Any, line: str, said: str) -> None:
    events = write(f'{{"type": "a"}}\n{line}\n', "events.jsonl")
    code, out, err = in_process("run", write(LISTENING), "--event", events)
    assert (code, out) == (2, "")
    assert err.startswith("Error: ")
    assert "line 2" in err
    assert said in err
    assert in_process("run", write(LISTENING), "--event", "nowhere.jsonl")[0] == 2


def test_the_variables_of_the_engine_count_here_too(write: Any) -> None:
    call = HEADER + "do:\n  - ask: {call: http, with: {method: get, endpoint: 'http://127.0.0.1:1/'}}\n"
    refused = stigmer("run", write(call), CALL_LOOPBACK="false")
    assert refused.returncode == 1
    assert json.loads(refused.stderr.splitlines()[-1])["status"] == 403
    wrong = stigmer("run", write(call), CALL_DENY="1.2.3.4/99")
    assert (wrong.returncode, wrong.stderr.startswith("Error: CALL_DENY ")) == (2, True)
