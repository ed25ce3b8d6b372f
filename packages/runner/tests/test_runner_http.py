"""The HTTP port: status, events that can be resumed, probes."""

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from google.protobuf.json_format import MessageToDict
from stigmer_runner.testing import RunnerProcess

HEADER = "document: {dsl: 1.0.0, namespace: test, name: sample, version: 1.0.0}\n"
VALID = HEADER + "do:\n  - first: {set: {a: 1}}\n  - second: {set: {b: 2}}\n"
ENDLESS = HEADER + "do:\n  - first: {set: {a: 1}}\n  - hold: {wait: {hours: 1}}\n"


def sse(lines: Iterator[str]) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """The events of a stream: id, name, data."""
    frame: dict[str, str] = {}
    for line in lines:
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            frame[name] = value
        elif frame:
            yield int(frame["id"]), frame["event"], json.loads(frame["data"])
            frame = {}


@pytest.fixture
def finished(stub: Any, contract: SimpleNamespace) -> list[Any]:
    return list(stub.Execute(contract.io.WorkflowExecuteInput(workflow_yaml=VALID)))


def url_of(runner: RunnerProcess, execution_id: str) -> str:
    return f"{runner.http_url}/api/v1/executions/{execution_id}"


def test_status(runner: RunnerProcess, finished: list[Any]) -> None:
    answer = httpx.get(url_of(runner, finished[0].workflow_execution_id))
    assert answer.headers["content-type"] == "application/json"
    found = answer.json()
    assert found["execution_id"] == finished[0].workflow_execution_id
    assert (found["status"], found["progress"], found["workflow_name"]) == ("completed", 100, "sample")
    assert found["started_at"] <= found["updated_at"] == found["completed_at"]
    assert found["started_at"].endswith("Z")
    assert found["message"] == finished[-1].message
    assert found["sequence_number"] == len(finished)
    assert [(task["task_name"], task["status"]) for task in found["tasks"]] == [
        ("first", "completed"),
        ("second", "completed"),
    ]


def test_progress_is_the_share_of_tasks_that_ended(runner: RunnerProcess, stub: Any, contract: SimpleNamespace) -> None:
    events = stub.Execute(contract.io.WorkflowExecuteInput(workflow_yaml=ENDLESS))
    execution_id = next(event for event in events if event.task_name == "hold").workflow_execution_id
    found = httpx.get(url_of(runner, execution_id)).json()
    assert (found["status"], found["progress"], found["completed_at"]) == ("running", 50, None)
    stub.CancelExecution(contract.io.CancelExecutionRequest(execution_id=execution_id))


def test_events_are_those_of_the_stream(runner: RunnerProcess, finished: list[Any]) -> None:
    with httpx.stream("GET", f"{url_of(runner, finished[0].workflow_execution_id)}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        received = list(sse(answer.iter_lines()))
    assert [id_ for id_, _, _ in received] == [event.sequence_number for event in finished]
    for (_, name, data), event in zip(received, finished, strict=True):
        assert name == event.event_type
        for field in ("workflow_execution_id", "task_name", "status", "message", "timestamp_ms", "task_reference"):
            assert data[field] == getattr(event, field)
        assert (data["payload"] or {}) == MessageToDict(event.payload)


def test_a_reader_goes_on_after_the_event_it_saw_last(runner: RunnerProcess, finished: list[Any]) -> None:
    url = f"{url_of(runner, finished[0].workflow_execution_id)}/events"
    with httpx.stream("GET", url, headers={"Last-Event-ID": "4"}) as answer:
        assert [id_ for id_, _, _ in sse(answer.iter_lines())] == list(range(5, len(finished) + 1))
    with httpx.stream("GET", url, params={"after": "4"}) as answer:
        assert [id_ for id_, _, _ in sse(answer.iter_lines())] == list(range(5, len(finished) + 1))
    assert httpx.get(url, headers={"Last-Event-ID": str(len(finished))}).status_code == 204
    for wrong in ("-1", "x", "9" * 30):
        assert httpx.get(url, headers={"Last-Event-ID": wrong}).status_code == 400


def test_events_arrive_while_the_run_goes_on(runner: RunnerProcess, stub: Any, contract: SimpleNamespace) -> None:
    execution_id = stub.ExecuteAsync(contract.io.WorkflowExecuteInput(workflow_yaml=ENDLESS)).workflow_execution_id
    with httpx.stream("GET", f"{url_of(runner, execution_id)}/events", timeout=300) as answer:
        events = sse(answer.iter_lines())
        assert next(name for _, name, data in events if data["task_name"] == "hold") == "task_started"
        stub.CancelExecution(contract.io.CancelExecutionRequest(execution_id=execution_id))
        assert [name for _, name, _ in events][-1] == "workflow_cancelled"


def test_what_is_not_there_is_a_problem_document(runner: RunnerProcess) -> None:
    for path in ("/api/v1/executions/unknown", "/api/v1/executions/unknown/events", "/nowhere"):
        answer = httpx.get(f"{runner.http_url}{path}")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == 404
    assert httpx.post(f"{runner.http_url}/livez").status_code == 405


def test_a_wrong_method_is_answered_with_the_right_ones(runner: RunnerProcess) -> None:
    answer = httpx.post(f"{runner.http_url}/readyz")
    assert (answer.status_code, answer.json()["status"]) == (405, 405)
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert answer.headers["cache-control"] == "no-store"


def test_probes(runner: RunnerProcess) -> None:
    assert httpx.get(f"{runner.http_url}/livez").status_code == 200
    assert httpx.get(f"{runner.http_url}/readyz").status_code == 200


def test_ids_with_any_character_have_a_working_url(runner: RunnerProcess, stub: Any, contract: SimpleNamespace) -> None:
    request = contract.io.WorkflowExecuteInput(workflow_yaml=VALID, workflow_execution_id="a b%c?d#é")
    answer = stub.ExecuteAsync(request)
    assert httpx.get(answer.status_url).json()["execution_id"] == "a b%c?d#é"


def test_with_a_key_the_api_needs_it_and_the_probes_do_not(start_runner: Callable[..., RunnerProcess]) -> None:
    runner = start_runner(RUNNER_API_KEY="runner-key-123")
    url = f"{runner.http_url}/api/v1/executions/unknown"
    refused = httpx.get(url)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert httpx.get(url, headers={"authorization": "Bearer runner-key-123"}).status_code == 404
    assert httpx.get(f"{runner.http_url}/livez").status_code == 200


def test_without_an_http_port_there_are_no_urls(
    start_runner: Callable[..., RunnerProcess], connect: Callable[[RunnerProcess], Any], contract: SimpleNamespace
) -> None:
    answer = connect(start_runner(HTTP_PORT="off")).ExecuteAsync(contract.io.WorkflowExecuteInput(workflow_yaml=VALID))
    assert (answer.status_url, answer.subscribe_url) == ("", "")


def test_the_public_url_is_what_clients_get(
    start_runner: Callable[..., RunnerProcess], connect: Callable[[RunnerProcess], Any], contract: SimpleNamespace
) -> None:
    runner = start_runner(PUBLIC_BASE_URL="https://runner.example.com/base/")
    answer = connect(runner).ExecuteAsync(contract.io.WorkflowExecuteInput(workflow_yaml=VALID))
    assert answer.status_url.startswith("https://runner.example.com/base/api/v1/executions/wex-")
