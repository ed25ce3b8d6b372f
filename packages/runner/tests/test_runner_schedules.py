"""Documents with a schedule start by themselves, and what they start is an execution like any other."""

import asyncio
import logging
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from stigmer_callback.testing import RecordingReceiver
from stigmer_runner.cli.app import run_command
from stigmer_runner.testing import RunnerProcess

HEAD = "document: {dsl: 1.0.3, namespace: shop, name: NAME, version: 1.0.0}\n"
AT_ONCE = HEAD.replace("NAME", "at-once") + "schedule: {after: PT1H}\ndo:\n  - note: {set: {done: true}}\n"
DAILY = HEAD.replace("NAME", "daily") + "schedule: {cron: '0 3 * * *'}\ndo:\n  - note: {set: {done: true}}\n"
ON_EVENT = (
    HEAD.replace("NAME", "on-event")
    + "schedule: {on: {one: {with: {type: order}}}}\ndo:\n  - note: {set: {order: '${ $workflow.input[0].id }'}}\n"
)
WITH_SECRET = (
    HEAD.replace("NAME", "sealed")
    + "schedule: {after: PT1H}\nuse: {secrets: [TOKEN]}\n"
    + "do:\n  - note: {set: {sealed: '${ $secrets.TOKEN }', env: '${ $runtime.metadata.env }'}}\n"
)
OPEN = (
    HEAD.replace("NAME", "open")
    + "schedule: {after: PT1H}\ndo:\n  - note: {set: {env: '${ $runtime.metadata.env }'}}\n"
)

Start = Callable[..., RunnerProcess]


@pytest.fixture
def failing_start(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., str]]:
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


def write(folder: Path, *documents: str) -> str:
    for number, document in enumerate(documents):
        (folder / f"{number}.yaml").write_text(document)
    return str(folder)


def listed(runner: RunnerProcess) -> dict[str, Any]:
    entries = httpx.get(f"{runner.http_url}/api/v1/documents").json()["documents"]
    return {entry["name"]: entry for entry in entries}


def execution_of(runner: RunnerProcess, execution_id: str) -> Any:
    return httpx.get(f"{runner.http_url}/api/v1/executions/{execution_id}").json()


def test_what_starts_at_once_is_an_execution_like_any_other(start_runner: Start, tmp_path: Path) -> None:
    runner = start_runner(DOCUMENTS_DIR=write(tmp_path, AT_ONCE, DAILY))
    assert runner.wait_for("document registered")["scheduled"] is True
    execution_id = str(runner.wait_for("workflow_completed")["execution_id"])
    entries = listed(runner)
    entry = entries["at-once"]
    assert (entry["scheduled"], entry["runs"], entry["executions"]) == (True, 1, [execution_id])
    assert entry["problem"] == ""
    last, following = (datetime.fromisoformat(entry[name]) for name in ("last_run", "next_run"))
    assert 3599 <= (following - last).total_seconds() <= 3660
    found = execution_of(runner, execution_id)
    assert (found["status"], found["output"], found["parent_execution_id"]) == ("completed", {"done": True}, None)
    daily = entries["daily"]
    assert (daily["scheduled"], daily["runs"], daily["last_run"]) == (True, 0, None)
    assert daily["next_run"].endswith("T03:00:00.000Z")


def test_cron_counts_in_the_zone_of_the_settings(start_runner: Start, tmp_path: Path) -> None:
    runner = start_runner(DOCUMENTS_DIR=write(tmp_path, DAILY), SCHEDULE_TIME_ZONE="Asia/Tokyo")
    runner.wait_for("document registered")
    assert listed(runner)["daily"]["next_run"].endswith("T18:00:00.000Z")


def test_an_event_from_outside_starts_an_execution(start_runner: Start, tmp_path: Path) -> None:
    runner = start_runner(DOCUMENTS_DIR=write(tmp_path, ON_EVENT))
    runner.wait_for("document registered")
    event = {"specversion": "1.0", "id": "1", "source": "/test", "type": "order", "data": {"id": 7}}
    headers = {"content-type": "application/cloudevents+json"}
    assert httpx.post(f"{runner.http_url}/api/v1/events", json=event, headers=headers).status_code == 202
    execution_id = str(runner.wait_for("workflow_completed")["execution_id"])
    assert execution_of(runner, execution_id)["output"] == {"order": 7}
    entry = listed(runner)["on-event"]
    assert (entry["runs"], entry["next_run"], entry["executions"]) == (1, None, [execution_id])


def test_off_registers_and_starts_nothing(start_runner: Start, tmp_path: Path) -> None:
    runner = start_runner(DOCUMENTS_DIR=write(tmp_path, AT_ONCE), SCHEDULES="off")
    assert runner.wait_for("document registered")["scheduled"] is False
    entry = listed(runner)["at-once"]
    assert (entry["scheduled"], entry["runs"], entry["next_run"]) == (False, 0, None)


def test_variables_come_from_a_file_and_secrets_go_where_they_are_declared(start_runner: Start, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (tmp_path / "env").write_text("# for schedules\n\nTOKEN = s3cr3t=value\nREGION=eu\n")
    settings = {"DOCUMENTS_DIR": write(folder, WITH_SECRET, OPEN), "SCHEDULE_ENV_FILE": str(tmp_path / "env")}
    runner = start_runner(**settings)
    finished = {str(runner.wait_for("workflow_completed")["execution_id"]) for _ in range(2)}
    outputs = [execution_of(runner, execution_id)["output"] for execution_id in finished]
    assert [output["env"] for output in outputs] == [{"REGION": "eu"}, {"REGION": "eu"}]
    assert sum("sealed" in output for output in outputs) == 1
    assert "s3cr3t=value" not in f"{outputs}{runner.text}"


def test_a_secret_that_nobody_gives_is_told(start_runner: Start, tmp_path: Path) -> None:
    runner = start_runner(DOCUMENTS_DIR=write(tmp_path, WITH_SECRET))
    told = runner.wait_for("a scheduled document declares a secret that SCHEDULE_ENV_FILE does not give")
    assert (told["document"], told["variable"]) == ("shop/sealed:1.0.0", "TOKEN")
    assert runner.wait_for("workflow_failed")["level"] == "warning"


@pytest.mark.parametrize(("text", "said"), [("A=1\nB\n", "line 2"), ("=1\n", "line 1"), ("A B=1\n", "line 1")])
def test_a_wrong_file_of_variables_stops_the_start(
    failing_start: Callable[..., str], tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "env").write_text(text)
    sentence = failing_start(SCHEDULE_ENV_FILE=str(tmp_path / "env"))
    assert sentence.startswith("Error: SCHEDULE_ENV_FILE ")
    assert said in sentence
    assert failing_start(SCHEDULE_ENV_FILE=str(tmp_path / "none")).startswith("Error: SCHEDULE_ENV_FILE ")


def test_a_schedule_that_cannot_be_stops_the_start(failing_start: Callable[..., str], tmp_path: Path) -> None:
    said = failing_start(DOCUMENTS_DIR=write(tmp_path, DAILY.replace("0 3 * * *", "0 3 *")))
    assert "invalid-cron" in said


def test_the_limit_of_executions_holds_for_schedules(start_runner: Start, tmp_path: Path) -> None:
    waiting = AT_ONCE.replace("note: {set: {done: true}}", "hold: {wait: PT1H}")
    folder = write(tmp_path, waiting, waiting.replace("at-once", "second"))
    runner = start_runner(DOCUMENTS_DIR=folder, MAX_CONCURRENT_EXECUTIONS="1", LOG_LEVEL="debug")
    for _ in range(2):
        runner.wait_for("document registered")
    runner.wait_for("task_started")
    entries = listed(runner)
    assert sorted(entry["runs"] for entry in entries.values()) == [0, 1]
    assert any("MAX_CONCURRENT_EXECUTIONS" in entry["problem"] for entry in entries.values())
    assert "Traceback" not in runner.text


async def test_the_callback_hears_of_what_a_schedule_starts(tmp_path: Path) -> None:
    async with RecordingReceiver(api_key="key-1") as receiver:
        settings = {
            "DOCUMENTS_DIR": write(tmp_path, AT_ONCE),
            "STIGMER_SERVICE_ENDPOINT": receiver.endpoint,
            "STIGMER_SERVICE_API_KEY": "key-1",
            "STIGMER_SERVICE_USE_TLS": "false",
        }
        runner = RunnerProcess(settings)
        await asyncio.to_thread(runner.__enter__)
        try:
            started = (await receiver.wait_for_events(1))[0].workflow_execution_id
            url = f"{runner.http_url}/api/v1/executions/{started}/events"
            streamed = (await asyncio.to_thread(httpx.get, url)).text
            kinds = re.findall("^event: (.*)$", streamed, re.MULTILINE)
            events = await receiver.wait_for_events(len(kinds))
        finally:
            await asyncio.to_thread(runner.__exit__, None, None, None)
        assert [event.event_type for event in events] == kinds
        assert kinds[-1] == "workflow_completed"
        assert {event.workflow_execution_id for event in events} == {started}
