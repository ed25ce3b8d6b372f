"""The commands that talk to a service, against a real one with a real runner; and how they find it."""

import asyncio
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from grpclib.client import Channel
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import (
    WorkflowRunner,
    WorkflowRunnerCommandControllerStub,
    WorkflowRunnerSpec,
)
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceMetadata, ApiResourceOwnerScope
from stigmer_runner.cli.app import run_command
from stigmer_runner.credentials import Credentials
from stigmer_runner.testing import RunnerProcess
from stigmer_server.testing import ADMIN_KEY, CLIENT_KEY, RUNNER_KEY, ServerProcess

ROOT = Path(__file__).resolve().parents[2]
HELLO = ROOT / "examples" / "hello" / "hello.yaml"
PARCEL = ROOT / "examples" / "parcel" / "spec.yaml"
CALL_KEY = "key-of-the-runner-itself"
FAULTY = """
document: {dsl: 1.0.0, namespace: tests, name: faulty, version: 1.0.0}
tasks:
  - name: fall
    kind: WORKFLOW_TASK_KIND_RAISE
    task_config: {error: Authorization, message: Fallen}
"""
SECRETIVE = """
document: {dsl: 1.0.0, namespace: tests, name: secretive, version: 1.0.0}
tasks:
  - name: look
    kind: WORKFLOW_TASK_KIND_SET
    task_config:
      variables: {region: "${ $env.REGION }", length: "${ $secrets.TOKEN | length }"}
env_spec:
  data:
    TOKEN: {is_secret: true}
    REGION: {value: us}
"""


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code in (0, 1, 130), self.err
        return json.loads(self.out)


Stigmer = Callable[..., Done]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Credentials]:
    """A service with a runner."""
    settings = {"STIGMER_RUNNER_CHECK_SECONDS": "0.2", "STIGMER_RUNNER_KEY": CALL_KEY}
    with ServerProcess(tmp_path_factory.mktemp("service"), settings) as server:
        reporting = {
            "STIGMER_SERVICE_ENDPOINT": server.grpc_target,
            "STIGMER_SERVICE_API_KEY": RUNNER_KEY,
            "RUNNER_API_KEY": CALL_KEY,
        }
        with RunnerProcess(reporting) as runner:
            register(server, runner)
            yield Credentials(
                endpoint=f"grpc://{server.grpc_target}", url=f"http://127.0.0.1:{server.http_port}", api_key=CLIENT_KEY
            )


def register(server: ServerProcess, runner: RunnerProcess) -> None:
    """Tell the server of the runner, as its operator would."""

    async def create() -> None:
        channel = Channel("127.0.0.1", server.grpc_port)
        try:
            await WorkflowRunnerCommandControllerStub(
                channel, metadata={"authorization": f"Bearer {ADMIN_KEY}"}
            ).create(
                WorkflowRunner(
                    metadata=ApiResourceMetadata(name="one", owner_scope=ApiResourceOwnerScope.platform),
                    spec=WorkflowRunnerSpec(type="grpc", endpoint=f"grpc://{runner.grpc_target}"),
                )
            )
        finally:
            channel.close()

    asyncio.run(create())


@pytest.fixture
def stigmer(
    service: Credentials, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Stigmer:
    """Runs a command line in a folder whose credentials name the service."""
    for name in ("STIGMER_SERVICE_ENDPOINT", "STIGMER_SERVICE_API_KEY", "STIGMER_SERVICE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / ".stigmer"
    folder.mkdir()
    service.write(folder / "credentials")

    def run(*arguments: str) -> Done:
        code = run_command(list(arguments))
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return run


def test_a_document_is_applied_started_and_gives_its_output(stigmer: Stigmer) -> None:
    applied = stigmer("apply", str(HELLO), "--json").json
    assert [(one["workflow"]["name"], one["workflow"]["version"]) for one in applied] == [("hello", "1.0.0")]
    assert stigmer("apply", str(HELLO), "--json").json[0]["workflow"]["id"] == applied[0]["workflow"]["id"]
    done = stigmer("start", "hello", "--input", '{"name": "Ada"}', "--wait")
    assert (done.code, json.loads(done.out)) == (0, {"message": "Hello, Ada!"})
    document = stigmer("get", "workflow", "hello", "--document")
    assert "name: hello" in document.out


def test_all_workflows_below_a_folder_are_applied_and_other_files_are_left_alone(
    stigmer: Stigmer, tmp_path: Path
) -> None:
    place = tmp_path / "workflows"
    place.mkdir()
    (place / "parcel.yaml").write_text(PARCEL.read_text())
    (place / "hello.yaml").write_text(HELLO.read_text())
    (place / "hello.test.yaml").write_text("document: hello.yaml\ncases: []\n")
    (place / "values.yaml").write_text("replicas: 2\n")
    applied = stigmer("apply", str(place), "--json").json
    assert [one["workflow"]["name"] for one in applied] == ["hello", "parcel"]


def test_problems_are_shown_as_validate_shows_them_and_the_rest_is_stored(stigmer: Stigmer, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(HELLO.read_text().replace("set:", "sett:"))
    done = stigmer("apply", str(wrong), str(HELLO))
    assert done.code == 2
    assert f"{wrong}:" in done.err
    assert "^" in done.err
    assert f"{wrong}: not stored\n" in done.out
    assert f"{HELLO}: hello 1.0.0" in done.out


def test_a_document_that_no_specification_can_express_is_refused_with_its_place(
    stigmer: Stigmer, tmp_path: Path
) -> None:
    file = tmp_path / "shell.yaml"
    file.write_text(HELLO.read_text() + "  - more:\n      emit:\n        event: {with: {source: a, type: b}}\n")
    assert "`stigmer run` runs the document" in stigmer("apply", str(file)).out
    done = stigmer("apply", str(file), "--json")
    problems = json.loads(done.out)[0]["problems"]
    assert done.code == 2
    assert {problem["pointer"][:5] for problem in problems if problem["severity"] == "error"} == {"/do/1"}
    assert all(problem["line"] for problem in problems)


def test_the_problems_that_only_the_service_finds_have_places_in_the_document(stigmer: Stigmer, tmp_path: Path) -> None:
    file = tmp_path / "again.yaml"
    file.write_text(HELLO.read_text().replace("- greet:", "- greet:\n      then: nowhere"))
    done = stigmer("apply", str(file))
    assert done.code == 2
    assert f"{file}:" in done.err


def test_what_the_service_refuses_leaves_the_other_files_alone(stigmer: Stigmer, tmp_path: Path) -> None:
    (tmp_path / "owned.yaml").write_text(
        "apiVersion: agentic.stigmer.ai/v1\nkind: Workflow\n"
        "metadata: {name: owned, ownerScope: identity_account}\n"
        f"spec:\n{textwrap.indent(SECRETIVE, '  ')}"
    )
    done = stigmer("apply", "owned.yaml", str(HELLO))
    assert done.code == 2
    assert "owned.yaml: error[refused]: Metadata.owner_scope must be" in done.err
    assert f"{HELLO}: hello 1.0.0" in done.out


def test_a_failed_run_gives_one_and_its_error(stigmer: Stigmer, tmp_path: Path) -> None:
    (tmp_path / "faulty.yaml").write_text(FAULTY)
    stigmer("apply", "faulty.yaml")
    done = stigmer("start", "faulty", "--watch")
    assert (done.code, done.out) == (1, "")
    assert "Fallen" in done.err.splitlines()[-1]
    assert stigmer("start", "faulty", "--wait").err.splitlines()[-1].startswith("/do/0/")
    told = stigmer("start", "faulty", "--wait", "--json")
    assert told.json["phase"] == "failed"


def test_variables_and_secrets_reach_the_run_and_secrets_nobody_else(stigmer: Stigmer, tmp_path: Path) -> None:
    (tmp_path / "secretive.yaml").write_text(SECRETIVE)
    assert stigmer("apply", "secretive.yaml").code == 0
    done = stigmer("start", "secretive", "--env", "REGION=eu", "--secret", "TOKEN=open-sesame-0815", "--wait", "--json")
    run = done.json
    assert run["phase"] == "completed", run
    assert run["output"]["region"] == "eu"
    assert run["output"]["length"] > 0
    everything = done.out + stigmer("get", "execution", run["id"]).out + stigmer("logs", run["id"]).out
    assert "open-sesame-0815" not in everything


def test_runs_are_listed_by_tag_phase_and_workflow(stigmer: Stigmer) -> None:
    stigmer("apply", str(HELLO))
    first = stigmer("start", "hello", "--tag", "red", "--tag", "round", "--wait", "--json").json["id"]
    second = stigmer("start", "hello", "--tag", "red", "--wait", "--json").json["id"]
    assert [run["id"] for run in stigmer("list", "--tag", "red", "--json").json] == [second, first]
    assert [run["id"] for run in stigmer("list", "--tag", "round", "--tag", "red", "--json").json] == [first]
    assert [run["id"] for run in stigmer("list", "--workflow", "hello", "--tag", "red", "--json").json] == [
        second,
        first,
    ]
    assert stigmer("list", "--tag", "red", "--phase", "failed", "--json").json == []
    assert len(stigmer("list", "--tag", "red", "--limit", "1", "--json").json) == 1
    assert second in stigmer("list").out


def test_a_run_is_controlled_and_runs_again(stigmer: Stigmer) -> None:
    stigmer("apply", str(PARCEL))
    run = stigmer("start", "parcel", "--input", '{"items": ["a"], "hold": true}').out.strip()
    while "release" not in stigmer("logs", run).out:
        pass
    assert stigmer("pause", run, "--reason", "lunch", "--json").code == 0
    while stigmer("get", "execution", run, "--json").json["phase"] != "paused":
        pass
    assert stigmer("resume", run).out == f"{run} paused, will be running\n"
    while stigmer("get", "execution", run, "--json").json["phase"] == "paused":
        pass
    assert stigmer("cancel", run, "--reason", "enough").out == f"{run} running, will be cancelled\n"
    assert stigmer("watch", run).code == 130
    refused = stigmer("pause", run)
    assert refused.code == 2
    assert "has ended already" in refused.err
    again = stigmer("rerun", run).out.strip()
    assert stigmer("get", "execution", again, "--json").json["input"] == {"items": ["a"], "hold": True}
    assert stigmer("terminate", again).code == 0
    assert stigmer("delete", "execution", again).code == 0
    assert stigmer("get", "execution", again).code == 2


def test_events_are_followed_to_the_end(stigmer: Stigmer) -> None:
    stigmer("apply", str(PARCEL))
    run = stigmer("start", "parcel", "--input", '{"items": ["a", "b"]}').out.strip()
    followed = [json.loads(line) for line in stigmer("logs", run, "--follow", "--json").out.splitlines()]
    assert [event["sequence_number"] for event in followed] == list(range(1, len(followed) + 1))
    assert followed[-1]["event_type"] == "workflow_completed"
    assert len(stigmer("logs", run).out.splitlines()) == len(followed)


def test_a_workflow_is_deleted_by_its_name(stigmer: Stigmer, tmp_path: Path) -> None:
    (tmp_path / "gone.yaml").write_text(FAULTY.replace("faulty", "gone"))
    stigmer("apply", "gone.yaml")
    assert stigmer("delete", "workflow", "gone").code == 0
    unknown = stigmer("start", "gone")
    assert unknown.code == 2
    assert "There is no workflow 'gone'" in unknown.err


def test_names_and_ids_are_completed(stigmer: Stigmer, monkeypatch: pytest.MonkeyPatch) -> None:
    stigmer("apply", str(HELLO))
    run = stigmer("start", "hello", "--json").json["id"]
    assert "hello" in completed("stigmer start he", 2)
    assert run in completed(f"stigmer get execution {run[:8]}", 3)
    for shell in ("bash", "zsh", "fish"):
        assert "_STIGMER_COMPLETE" in stigmer("completion", shell).out


def completed(typed: str, word: int) -> str:
    """What the shell is offered."""
    variables = {**os.environ, "_STIGMER_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(word)}
    return subprocess.run(
        [sys.executable, "-m", "stigmer_runner"], env=variables, capture_output=True, text=True, check=True
    ).stdout


def test_the_environment_wins_over_credentials_and_flags_win_over_both(
    stigmer: Stigmer, service: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STIGMER_SERVICE_ENDPOINT", "127.0.0.1:1")
    monkeypatch.setenv("STIGMER_SERVICE_API_KEY", "key-of-another-service")
    unreachable = stigmer("list")
    assert unreachable.code == 2
    assert "127.0.0.1:1 cannot be reached: connection refused. Is it running" in unreachable.err
    assert stigmer("list", "--endpoint", service.endpoint, "--api-key", service.api_key).code == 0
    assert stigmer("list", "--credentials", ".stigmer/credentials").code == 0


def test_a_key_of_credentials_goes_to_no_other_service(stigmer: Stigmer) -> None:
    refused = stigmer("list", "--endpoint", "127.0.0.1:1")
    assert refused.code == 2
    assert "There is no key to the service at 127.0.0.1:1" in refused.err


def test_without_a_service_the_way_to_one_is_told(stigmer: Stigmer, tmp_path: Path) -> None:
    (tmp_path / ".stigmer" / "credentials").unlink()
    told = stigmer("list")
    assert told.code == 2
    assert "run `stigmer dev`" in told.err


def test_a_wrong_key_is_told_without_showing_it(stigmer: Stigmer) -> None:
    refused = stigmer("list", "--api-key", "some-key-that-nobody-knows")
    assert refused.code == 2
    assert "does not accept the key" in refused.err
    assert "some-key-that-nobody-knows" not in refused.err
