"""Documents of DOCUMENTS_DIR: registered when the runner starts, run by name, found by the ids of their executions."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from google.protobuf.json_format import MessageToDict
from stigmer_runner.cli.app import run_command
from stigmer_runner.testing import RunnerProcess

CHILD = """\
document: {dsl: 1.0.3, namespace: shop, name: child, version: 1.2.0}
use: {secrets: [TOKEN]}
do:
  - answer: {set: {got: '${ .n }', sealed: '${ $secrets.TOKEN }'}}
"""
PARENT = """\
document: {dsl: 1.0.3, namespace: shop, name: parent, version: 1.0.0}
use: {secrets: [TOKEN]}
do:
  - call: {run: {workflow: {namespace: shop, name: child, version: latest, input: {n: '${ .n }'}}}}
  - keep: {set: {n: '${ .got }'}}
"""
WAITING = """\
document: {dsl: 1.0.3, namespace: shop, name: waiting, version: 1.0.0}
do:
  - hold: {listen: {to: {one: {with: {type: go-on}}}}}
"""
WAITING_PARENT = PARENT.replace("name: parent", "name: waiting-parent").replace("name: child", "name: waiting")

Start = Callable[..., RunnerProcess]
Connect = Callable[[RunnerProcess], Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep" / ".hidden").mkdir(parents=True)
    (tmp_path / "deep" / "child.yaml").write_text(CHILD)
    (tmp_path / "deep" / "old.yml").write_text(CHILD.replace("1.2.0", "1.1.0"))
    (tmp_path / "waiting.json").write_text(
        json.dumps(
            {
                "document": {"dsl": "1.0.3", "namespace": "shop", "name": "waiting", "version": "1.0.0"},
                "do": [{"hold": {"listen": {"to": {"one": {"with": {"type": "go-on"}}}}}}],
            }
        )
    )
    (tmp_path / "deep" / ".hidden" / "wrong.yaml").write_text("not: a document")
    (tmp_path / "child.test.yaml").write_text("workflow: deep/child.yaml\ncases: []\n")
    (tmp_path / "notes.txt").write_text("nothing")
    return tmp_path


@pytest.fixture
def failing_start(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., str]]:
    """Starts in this process; gives what a start that ends with exit code 2 says."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def start(**settings: str) -> str:
        with monkeypatch.context() as patch:
            for name, value in {"GRPC_PORT": "0", "HTTP_PORT": "0", "LOG_LEVEL": "error", **settings}.items():
                patch.setenv(name, value)
            assert run_command(["serve"]) == 2
        return capsys.readouterr().err

    yield start
    root.handlers[:], root.level = handlers, level


def status(runner: RunnerProcess, execution_id: str, *, encoded: bool = True) -> Any:
    path = quote(execution_id, safe="") if encoded else execution_id
    return httpx.get(f"{runner.http_url}/api/v1/executions/{path}").json()


def test_documents_are_listed(start_runner: Start, folder: Path) -> None:
    runner = start_runner(DOCUMENTS_DIR=str(folder))
    runner.wait_for("document registered")
    answer = httpx.get(f"{runner.http_url}/api/v1/documents")
    assert answer.headers["cache-control"] == "no-store"
    listed = answer.json()["documents"]
    assert [(entry["namespace"], entry["name"], entry["version"]) for entry in listed] == [
        ("shop", "child", "1.2.0"),
        ("shop", "child", "1.1.0"),
        ("shop", "waiting", "1.0.0"),
    ]
    assert [entry["scheduled"] for entry in listed] == [False, False, False]


def test_a_registered_document_runs_as_a_sub_workflow(
    start_runner: Start, connect: Connect, contract: SimpleNamespace, folder: Path
) -> None:
    runner = start_runner(DOCUMENTS_DIR=str(folder))
    for _ in range(3):
        runner.wait_for("document registered")
    request = contract.io.WorkflowExecuteInput(
        workflow_yaml=PARENT, workflow_input={"n": 5}, env_vars={"TOKEN": "s3cr3t-value"}
    )
    events = list(connect(runner).Execute(request))
    assert (events[-1].event_type, MessageToDict(events[-1].payload)["output"]) == ("workflow_completed", {"n": 5})
    parent = events[0].workflow_execution_id
    assert {event.workflow_execution_id for event in events} == {parent}
    child = f"{parent}/1"
    for encoded in (True, False):
        found = status(runner, child, encoded=encoded)
        assert (found["execution_id"], found["status"], found["workflow_name"]) == (child, "completed", "child")
        assert found["parent_execution_id"] == parent
    assert found["output"]["got"] == 5
    assert status(runner, parent)["parent_execution_id"] is None
    streamed = httpx.get(f"{runner.http_url}/api/v1/executions/{quote(child, safe='')}/events").text
    assert streamed.count("event: workflow_completed") == 1
    assert "s3cr3t-value" not in streamed + runner.text + json.dumps(found)


def test_a_sub_workflow_is_controlled_by_its_id(
    start_runner: Start, connect: Connect, contract: SimpleNamespace, folder: Path
) -> None:
    runner = start_runner(DOCUMENTS_DIR=str(folder), MAX_CONCURRENT_EXECUTIONS="1")
    for _ in range(3):
        runner.wait_for("document registered")
    stub = connect(runner)
    events = stub.Execute(contract.io.WorkflowExecuteInput(workflow_yaml=WAITING_PARENT, workflow_execution_id="p"))
    assert next(event.task_name for event in events if event.task_name) == "call"
    child = stub.Execute(contract.io.WorkflowExecuteInput(workflow_execution_id="p/1"))
    assert next(event.task_name for event in child if event.task_name) == "hold"
    stub.CancelExecution(contract.io.CancelExecutionRequest(execution_id="p/1"))
    assert list(child)[-1].event_type == "workflow_cancelled"
    last = list(events)[-1]
    assert (last.event_type, last.error.instance) == ("workflow_failed", "/do/0/call")


def test_cancel_reaches_the_sub_workflow(
    start_runner: Start, connect: Connect, contract: SimpleNamespace, folder: Path
) -> None:
    runner = start_runner(DOCUMENTS_DIR=str(folder))
    for _ in range(3):
        runner.wait_for("document registered")
    stub = connect(runner)
    events = stub.Execute(contract.io.WorkflowExecuteInput(workflow_yaml=WAITING_PARENT, workflow_execution_id="p"))
    assert next(event.task_name for event in events if event.task_name) == "call"
    child = stub.Execute(contract.io.WorkflowExecuteInput(workflow_execution_id="p/1"))
    stub.CancelExecution(contract.io.CancelExecutionRequest(execution_id="p"))
    assert list(events)[-1].event_type == "workflow_cancelled"
    assert list(child)[-1].event_type == "workflow_cancelled"


def test_a_sub_workflow_that_nobody_registered_fails_its_task(stub: Any, contract: SimpleNamespace) -> None:
    last = list(stub.Execute(contract.io.WorkflowExecuteInput(workflow_yaml=PARENT, workflow_input={"n": 1})))[-1]
    assert (last.event_type, last.error.type.rpartition("/")[2]) == ("workflow_failed", "configuration")
    assert "shop/child" in last.error.message


def test_every_problem_of_every_document_stops_the_start(failing_start: Callable[..., str], folder: Path) -> None:
    (folder / "a.yaml").write_text("document: {dsl: 1.0.3}\ndo: 7\n")
    (folder / "b.yaml").write_text(CHILD)
    (folder / "c.yaml").write_text(CHILD.replace("name: child", "name: other") + "  - more: {set: '${ nothing( }'}\n")
    (folder / "d.json").write_text("{")
    (folder / "e.yaml").write_bytes(b"x" * 2000)
    (folder / "f.yaml").symlink_to(folder / "nowhere.yaml")
    said = failing_start(DOCUMENTS_DIR=str(folder), MAX_DOCUMENT_BYTES="1024")
    first, *lines = said.strip().splitlines()
    assert first.startswith(f"Error: DOCUMENTS_DIR {str(folder)!r} has ")
    for name in ("a.yaml:", "c.yaml:5", "d.json:", "e.yaml: it has more than 1024 bytes", "f.yaml: no such file"):
        assert any(line.startswith(name) for line in lines), name
    assert "deep/child.yaml: shop/child:1.2.0 is also in b.yaml" in lines


def test_a_folder_that_is_not_there_stops_the_start(failing_start: Callable[..., str], tmp_path: Path) -> None:
    said = failing_start(DOCUMENTS_DIR=str(tmp_path / "missing"))
    assert said.startswith("Error: DOCUMENTS_DIR names ")
    assert "not a folder" in said


def test_an_empty_folder_is_told(start_runner: Start, tmp_path: Path) -> None:
    runner = start_runner(DOCUMENTS_DIR=str(tmp_path))
    assert "there is no document in DOCUMENTS_DIR" in runner.text
    assert httpx.get(f"{runner.http_url}/api/v1/documents").json() == {"documents": []}


def test_with_a_key_the_list_needs_it(start_runner: Start) -> None:
    runner = start_runner(RUNNER_API_KEY="runner-key-123")
    url = f"{runner.http_url}/api/v1/documents"
    assert httpx.get(url).status_code == 401
    assert httpx.get(url, headers={"authorization": "Bearer runner-key-123"}).status_code == 200


def test_ids_with_a_slash_have_a_working_url(stub: Any, contract: SimpleNamespace) -> None:
    request = contract.io.WorkflowExecuteInput(workflow_yaml=WAITING, workflow_execution_id="team/7/events")
    answer = stub.ExecuteAsync(request)
    assert httpx.get(answer.status_url).json()["execution_id"] == "team/7/events"
    stub.CancelExecution(contract.io.CancelExecutionRequest(execution_id="team/7/events"))
    assert "workflow_cancelled" in httpx.get(answer.subscribe_url).text
