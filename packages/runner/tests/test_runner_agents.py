"""`call: agent` against a Stigmer service in another process, written with the official gRPC implementation."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from pydantic import SecretStr
from stigmer_callback import Backoff
from stigmer_engine import Engine, EngineConfig, Execution
from stigmer_engine.calls.attempt import ATTEMPT
from stigmer_engine.faults import Fault
from stigmer_engine.secrets import SecretVault
from stigmer_runner.agent_calls.agent_client import AgentClient
from stigmer_runner.agent_calls.caller import AgentCaller
from stigmer_runner.agent_calls.config import AgentCallConfig
from stigmer_runner.config import Endpoint, StigmerService
from stigmer_runner.testing import RunnerProcess

from packages.runner.tests.agents_peer import KEY, AgentsPeer

HEAD = "document: {dsl: 1.0.3, namespace: test, name: sample, version: 1.0.0}\n"
FAST = AgentCallConfig(
    rpc_seconds=5,
    patience_seconds=60,
    look_seconds=0.2,
    backoff=Backoff(initial_seconds=0.02, maximum_seconds=0.2),
)
SECRET = "s3cret-of-the-agent"


@pytest.fixture(scope="module")
def stubs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the peers of this module find the compiled contract; the first one makes it."""
    return tmp_path_factory.mktemp("stubs")


@pytest.fixture
def peer(tmp_path: Path, stubs: Path) -> Iterator[AgentsPeer]:
    with AgentsPeer(tmp_path, stubs) as found:
        yield found


@contextlib.asynccontextmanager
async def caller_of(peer: AgentsPeer, *, key: str = KEY, config: AgentCallConfig = FAST) -> AsyncIterator[AgentCaller]:
    endpoint = Endpoint.parse(peer.endpoint)
    service = StigmerService(
        endpoint=endpoint, endpoint_variable="STIGMER_SERVICE_ENDPOINT", api_key=SecretStr(key),
        api_key_variable="STIGMER_SERVICE_API_KEY", use_tls=False, tls_reason="loopback",
    )  # fmt: skip
    async with AgentClient(service, None, rpc_seconds=config.rpc_seconds) as client:
        yield AgentCaller(client, config)


class Runs:
    """An engine whose agents are those of a peer."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def start(self, task: str, **options: Any) -> Execution:
        return self.engine.start(self.engine.load(f"{HEAD}use: {{secrets: [TOKEN]}}\ndo: [{{ask: {task}}}]"), **options)

    async def result(self, task: str, **options: Any) -> Any:
        return await self.start(task, **options).wait()


@contextlib.asynccontextmanager
async def runs_of(peer: AgentsPeer, **options: Any) -> AsyncIterator[Runs]:
    async with caller_of(peer, **options) as caller, Engine(EngineConfig(agents=caller)) as engine:
        yield Runs(engine)


def ask(message: str, more: str = "") -> str:
    return f"{{call: agent, with: {{agent: helper, message: {json.dumps(message)}{more}}}}}"


# --- answers ----------------------------------------------------------------------------------------------------------


async def test_the_last_message_of_the_model_is_the_answer(peer: AgentsPeer) -> None:
    async with runs_of(peer) as runs:
        result = await runs.result(ask("say It is short."))
    assert result.error is None
    (run,) = peer.runs()
    assert result.output == {
        "agent_execution_id": run, "phase": "completed", "response": "It is short.", "data": None
    }  # fmt: skip
    # It was followed by one stream, and not by looking again and again.
    assert len(peer.calls("subscribe")) == 1


@pytest.mark.parametrize(
    ("said", "data"),
    [
        ('{"total": 3}', {"total": 3}),
        ("[1, 2]", [1, 2]),
        ('```json\n{"a": [true]}\n```', {"a": [True]}),
        ('Here you are: {"a": 1}', None),
        ("17", None),
        ('{"a": NaN}', None),
    ],
)
async def test_json_in_the_answer_is_data_beside_it(peer: AgentsPeer, said: str, data: Any) -> None:
    async with runs_of(peer) as runs:
        result = await runs.result(ask(f"say {said}"))
    assert (result.output["response"], result.output["data"]) == (said, data)


async def test_what_the_service_is_asked(peer: AgentsPeer) -> None:
    more = (
        ", scope: organization, env: {REGION: eu, TOKEN: '${ $secrets.TOKEN }', BARE: '${ .none }'}, "
        "config: {model: large, timeout: 900, temperature: 0.25}"
    )
    async with runs_of(peer) as runs:
        execution = runs.start(
            ask("say ${ .what }", more),
            input={"what": "yes", "none": ""},
            env={"__stigmer_org_id": "org-7"},
            secrets={"TOKEN": SECRET},
        )
        assert (await execution.wait()).output["response"] == "yes"
    assert peer.calls("getByReference") == [{"scope": "organization", "org": "org-7", "slug": "helper"}]
    (created,) = peer.calls("create")
    metadata, spec = created["metadata"], created["spec"]
    assert (created["api_version"], created["kind"]) == ("agentic.stigmer.ai/v1", "AgentExecution")
    assert metadata["name"] == f"helper for {execution.id}/1"
    assert metadata["annotations"] == {
        "stigmer.ai/idempotency-key": f"{execution.id}/1", "stigmer.ai/temperature": "0.25"
    }  # fmt: skip
    assert "owner_scope" not in metadata
    assert spec == {
        "agent_id": "agt-1",
        "message": "say yes",
        "execution_config": {"model_name": "large"},
        "runtime_env": {"REGION": {"value": "eu"}, "TOKEN": {"value": SECRET, "is_secret": True}},
    }


async def test_each_call_is_a_run_of_its_own(peer: AgentsPeer) -> None:
    async with runs_of(peer) as runs:
        await asyncio.gather(*(runs.result(ask("say x"), execution_id="the-same") for _ in range(3)))
    assert len(peer.runs()) == 3


async def test_a_secret_is_filled_in_and_taken_out_of_what_comes_back(peer: AgentsPeer) -> None:
    async with runs_of(peer) as runs:
        said = runs.start(ask("say I know ${ $secrets.TOKEN }"), secrets={"TOKEN": SECRET})
        failed = runs.start(ask("fail no ${ $secrets.TOKEN }"), secrets={"TOKEN": SECRET})
        results = await said.wait(), await failed.wait()
    assert [call["spec"]["message"] for call in peer.calls("create")] == [f"say I know {SECRET}", f"fail no {SECRET}"]
    assert results[0].output["response"].startswith("I know [")
    for execution in (said, failed):
        assert SECRET not in str([event.to_json() for event in execution.log.events])
    assert SECRET not in str(results)


# --- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "title", "detail"),
    [
        ("fail out of tokens", "Agent helper failed", "out of tokens (aex-"),
        ("stop", "The run of agent helper was cancelled", "aex-"),
        ("other", "The run of agent helper ended in a phase that this runner does not know", "7, aex-"),
    ],
)
async def test_a_run_that_ends_badly_is_a_fault(peer: AgentsPeer, message: str, title: str, detail: str) -> None:
    async with runs_of(peer) as runs:
        error = (await runs.result(ask(message))).error
    assert (error.code, error.title, error.instance) == ("RUNTIME_ERROR", title, "/do/0/ask")
    assert error.detail.startswith(detail)


async def test_an_agent_that_is_not_there(peer: AgentsPeer) -> None:
    async with runs_of(peer) as runs:
        error = (await runs.result("{call: agent, with: {agent: nobody, message: hi}}")).error
    assert (error.code, error.status) == ("COMMUNICATION_ERROR", 404)
    assert "NOT_FOUND: no agent nobody" in error.detail
    assert peer.calls("create") == []


@pytest.mark.parametrize(
    ("answer", "code", "status"),
    [
        ("PERMISSION_DENIED", "AUTHORIZATION_ERROR", 403),
        ("INVALID_ARGUMENT", "COMMUNICATION_ERROR", 400),
        ("UNIMPLEMENTED", "COMMUNICATION_ERROR", 500),
    ],
)
async def test_refusals_of_the_service(peer: AgentsPeer, answer: str, code: str, status: int) -> None:
    peer.behave(refuse={"create": [answer, 9]})
    async with runs_of(peer) as runs:
        error = (await runs.result(ask("say x"))).error
    assert (error.code, error.status) == (code, status)
    assert answer in error.detail
    assert len(peer.calls("create")) == 1


async def test_a_wrong_key(peer: AgentsPeer) -> None:
    async with runs_of(peer, key="wrong-key") as runs:
        error = (await runs.result(ask("say x"))).error
    assert (error.code, error.status) == ("AUTHENTICATION_ERROR", 401)
    assert "STIGMER_SERVICE_API_KEY" in error.detail
    assert "wrong-key" not in str(error)


async def test_an_organization_that_nobody_told(peer: AgentsPeer) -> None:
    async with runs_of(peer) as runs:
        error = (await runs.result(ask("say x", ", scope: organization"))).error
    assert error.code == "CONFIGURATION_ERROR"
    assert "__stigmer_org_id" in error.detail
    assert peer.calls("getByReference") == []


# --- ends -------------------------------------------------------------------------------------------------------------


async def test_a_timeout_cancels_the_run(peer: AgentsPeer) -> None:
    async with runs_of(peer) as runs:
        error = (await runs.result(ask("wait", ", config: {timeout: 1}"))).error
    assert error.code == "TIMEOUT_ERROR"
    (run,) = peer.runs()
    assert [call["id"] for call in peer.calls("cancel")] == [run]


async def test_a_cancelled_execution_cancels_the_run(peer: AgentsPeer) -> None:
    async with runs_of(peer) as runs:
        execution = runs.start(ask("wait"))
        await peer.until_called("subscribe")
        execution.cancel("no more")
        assert (await execution.wait()).status == "cancelled"
    assert [call["id"] for call in peer.calls("cancel")] == peer.runs()


async def test_a_service_that_cannot_cancel_hinders_nobody(peer: AgentsPeer) -> None:
    peer.behave(refuse={"cancel": ["UNIMPLEMENTED", 1]})
    async with runs_of(peer) as runs:
        error = (await runs.result(ask("wait", ", config: {timeout: 1}"))).error
    assert error.code == "TIMEOUT_ERROR"
    assert len(peer.calls("cancel")) == 1


# --- a service that comes and goes ------------------------------------------------------------------------------------


async def test_a_service_that_dies_in_mid_stream_and_comes_back(peer: AgentsPeer) -> None:
    async with runs_of(peer) as runs:
        execution = runs.start(ask("wait"))
        await peer.until_called("subscribe")
        peer.kill()
        await asyncio.sleep(0.5)
        await asyncio.to_thread(peer.start)
        await peer.until_called("subscribe", 2)
        peer.release("back again")
        result = await execution.wait()
    assert result.output["response"] == "back again"
    assert len(peer.calls("create")) == 1


async def test_a_service_that_is_not_there_yet(peer: AgentsPeer) -> None:
    peer.kill()
    async with runs_of(peer) as runs:
        execution = runs.start(ask("say late"))
        await asyncio.sleep(0.5)
        await asyncio.to_thread(peer.start)
        assert (await execution.wait()).output["response"] == "late"


async def test_a_service_that_stays_away(peer: AgentsPeer) -> None:
    peer.kill()
    config = AgentCallConfig(patience_seconds=0.3, backoff=FAST.backoff)
    async with runs_of(peer, config=config) as runs:
        error = (await runs.result(ask("say x"))).error
    assert error.code == "COMMUNICATION_ERROR"
    assert peer.endpoint in error.detail


async def test_passing_refusals_are_outlasted(peer: AgentsPeer) -> None:
    away = ["UNAVAILABLE", 2]
    peer.behave(refuse={"getByReference": away, "create": away, "subscribe": away, "get": away})
    async with runs_of(peer) as runs:
        result = await runs.result(ask("say x"))
    assert result.output["response"] == "x"
    assert len(peer.runs()) == 1


async def test_a_service_that_dies_as_it_creates_a_run_is_not_asked_for_a_second_one(peer: AgentsPeer) -> None:
    peer.behave(die="create")
    async with runs_of(peer) as runs:
        execution = runs.start(ask("say once"))
        await asyncio.to_thread(peer.reap)
        await asyncio.to_thread(peer.start)
        assert (await execution.wait()).output["response"] == "once"
    assert (len(peer.calls("create")), len(peer.runs())) == (1, 1)


async def test_a_run_that_may_be_there_under_another_id_is_not_started_again(peer: AgentsPeer) -> None:
    peer.behave(die="create", mint=True)
    async with runs_of(peer) as runs:
        execution = runs.start(ask("say once"))
        await asyncio.to_thread(peer.reap)
        await asyncio.to_thread(peer.start)
        error = (await execution.wait()).error
    assert error is not None
    assert (error.code, error.title) == ("COMMUNICATION_ERROR", "It is not known whether the agent was started")
    (created,) = peer.calls("create")
    assert created["metadata"]["slug"] in error.detail


async def test_a_service_that_mints_ids_is_asked_for_its_own(peer: AgentsPeer) -> None:
    peer.behave(mint=True)
    async with runs_of(peer) as runs:
        result = await runs.result(ask("say x"))
    assert result.output["agent_execution_id"].startswith("aex-minted-")


@pytest.mark.parametrize("behaviour", ["silent", "short_streams"])
async def test_streams_that_tell_too_little(peer: AgentsPeer, behaviour: str) -> None:
    peer.behave(**{behaviour: True})
    async with runs_of(peer) as runs:
        result = await runs.result(ask("say x"))
    assert result.output["response"] == "x"


# --- attempts after one that was lost ---------------------------------------------------------------------------------


class Later:
    """A second attempt, as a runtime that can lose a process tells of it."""

    repeated = True
    goes_on = True

    def __init__(self, noted: Any) -> None:
        self.noted = noted
        self.notes: list[Any] = []

    def note(self, value: Any) -> None:
        self.notes.append(value)


ARGUMENTS = {
    "agent": "helper", "message": "wait", "scope": "", "org": "", "env": {}, "config": {},
    "call": "e/1", "key": "0f" * 16,
}  # fmt: skip


async def attempt(caller: AgentCaller, noted: Any) -> Any:
    ATTEMPT.set(Later(noted))
    return await caller.call(ARGUMENTS, SecretVault("n", {}))


async def test_a_later_attempt_goes_on_with_the_run_that_was_noted(peer: AgentsPeer) -> None:
    peer.behave(mint=True)
    peer.release("told")
    first = Later(None)
    async with caller_of(peer) as caller:
        ATTEMPT.set(first)
        answer = await caller.call(ARGUMENTS, SecretVault("n", {}))
        assert list(first.notes[0]) == ["asked"]
        assert first.notes[-1] == {"started": answer["agent_execution_id"]}
        assert await attempt(caller, first.notes[-1]) == answer
    assert len(peer.calls("create")) == 1


async def test_a_later_attempt_finds_the_run_by_its_id(peer: AgentsPeer) -> None:
    peer.release("told")
    async with caller_of(peer) as caller:
        answer = await attempt(caller, None)
        assert await attempt(caller, None) == answer
        assert await attempt(caller, {"asked": answer["agent_execution_id"]}) == answer
    assert len(peer.calls("create")) == 1


async def test_a_later_attempt_does_not_start_what_may_have_been_started(peer: AgentsPeer) -> None:
    async with caller_of(peer) as caller:
        with pytest.raises(Fault, match="not known whether the agent was started"):
            await attempt(caller, {"asked": "aex-0"})
    assert peer.calls("create") == []


async def test_an_attempt_that_another_one_follows_leaves_the_run_alone(peer: AgentsPeer) -> None:
    async with caller_of(peer) as caller:
        asking = asyncio.create_task(attempt(caller, None))
        await peer.until_called("subscribe")
        asking.cancel()
        await asyncio.wait({asking})
        assert asking.cancelled()
    assert peer.calls("cancel") == []


# --- as users have it -------------------------------------------------------------------------------------------------


def test_stigmer_run_asks_the_agents_of_the_service(peer: AgentsPeer, tmp_path: Path) -> None:
    document = tmp_path / "ask.yaml"
    document.write_text(f"{HEAD}do: [{{ask: {ask('say hello')}}}]")

    def run(**more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "stigmer_runner", "run", str(document)],
            capture_output=True, text=True, env={**os.environ, **more},
        )  # fmt: skip

    done = run(STIGMER_SERVICE_ENDPOINT=peer.endpoint, STIGMER_SERVICE_API_KEY=KEY)
    assert (done.returncode, json.loads(done.stdout)["response"]) == (0, "hello")
    refused = run()
    assert refused.returncode == 2
    assert "`call: agent` needs a Stigmer service" in refused.stderr
    assert "STIGMER_SERVICE_ENDPOINT" in refused.stderr


def test_a_served_execution_asks_and_tells_no_secret(
    peer: AgentsPeer, start_runner: Callable[..., RunnerProcess], connect: Callable[..., Any], contract: SimpleNamespace
) -> None:
    runner = start_runner(STIGMER_SERVICE_ENDPOINT=peer.endpoint, STIGMER_SERVICE_API_KEY=KEY)
    text = f"{HEAD}use: {{secrets: [TOKEN]}}\ndo: [{{ask: {ask('say it is ${ $secrets.TOKEN }')}}}]"
    request = contract.io.WorkflowExecuteInput(
        workflow_execution_id="wex-1", workflow_yaml=text, env_vars={"TOKEN": SECRET}
    )
    events = list(connect(runner).Execute(request))
    assert events[-1].event_type == "workflow_completed", events[-1]
    output = MessageToDict(events[-1].payload)["output"]
    assert output["phase"] == "completed"
    peer.until("ReportProgress", len(events))
    assert peer.calls("create")[0]["spec"]["message"] == f"say it is {SECRET}"
    for told in (str(events), str(peer.calls("ReportProgress")), runner.text):
        assert SECRET not in told
        assert KEY not in told
