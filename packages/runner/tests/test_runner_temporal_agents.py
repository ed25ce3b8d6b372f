"""`call: agent` on Temporal: a runner that is lost or stopped in the middle of a call starts no second run."""

import asyncio
import contextlib
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from stigmer_runner.testing import RunnerProcess
from temporalio.client import Client

from packages.runner.tests.agents_peer import KEY, AgentsPeer

HEAD = "document: {dsl: 1.0.3, namespace: test, name: sample, version: 1.0.0}\n"
_PATIENCE_SECONDS = 120
SECRET = "s3cret-of-the-agent"
WAITING = HEAD + (
    "use: {secrets: [TOKEN]}\n"
    "do: [{ask: {call: agent, with: {agent: helper, message: wait, env: {TOKEN: '${ $secrets.TOKEN }'}}}}]\n"
)
SHORT = WAITING.replace("message: wait", "message: wait, config: {timeout: 3}")


@pytest.fixture(scope="module")
def temporal(temporal_address: str) -> str:
    return temporal_address


@pytest.fixture(scope="module")
def stubs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stubs")


@pytest.fixture
def peer(tmp_path: Path, stubs: Path) -> Iterator[AgentsPeer]:
    with AgentsPeer(tmp_path, stubs) as found:
        yield found


class Runners:
    """Runners of one namespace and one queue, one after the other."""

    def __init__(self, temporal: str, peer: AgentsPeer, folder: Path, contract: SimpleNamespace) -> None:
        self._stack = contextlib.ExitStack()
        self._contract = contract
        self._settings = {
            "EXECUTION_MODE": "dual",
            "TEMPORAL_SERVICE_ADDRESS": temporal,
            "TEMPORAL_TASK_QUEUE": f"agents-{folder.name}",
            "TEMPORAL_WORKFLOW_EXECUTION_RUNNER_TASK_QUEUE": f"agents-{folder.name}-activities",
            "BLOB_STORAGE_PATH": str(folder / "blobs"),
            "STIGMER_SERVICE_ENDPOINT": peer.endpoint,
            "STIGMER_SERVICE_API_KEY": KEY,
            "SHUTDOWN_GRACE_SECONDS": "1",
            "EXECUTION_CANCEL_GRACE_SECONDS": "1",
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def another(self) -> RunnerProcess:
        runner = RunnerProcess(self._settings)
        runner.__enter__()

        def end() -> None:
            with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                runner.__exit__(None, None, None)

        self._stack.callback(end)
        return runner

    def start(self, runner: RunnerProcess, execution_id: str, document: str) -> None:
        request = self._contract.io.WorkflowExecuteInput(
            workflow_execution_id=execution_id, workflow_yaml=document, env_vars={"TOKEN": SECRET}
        )
        self._stub(runner).ExecuteAsync(request)

    def cancel(self, runner: RunnerProcess, execution_id: str) -> None:
        self._stub(runner).CancelExecution(
            self._contract.io.CancelExecutionRequest(execution_id=execution_id, reason="no more")
        )

    def end(self, runner: RunnerProcess, execution_id: str, document: str) -> Any:
        """The last event, once it is there."""
        request = self._contract.io.WorkflowExecuteInput(
            workflow_execution_id=execution_id, workflow_yaml=document, env_vars={"TOKEN": SECRET}
        )
        return list(self._stub(runner).Execute(request, timeout=_PATIENCE_SECONDS))[-1]

    def _stub(self, runner: RunnerProcess) -> Any:
        channel = self._stack.enter_context(grpc.insecure_channel(runner.grpc_target))
        return self._contract.service.WorkflowExecutionServiceStub(channel)


@pytest.fixture
def runners(temporal: str, peer: AgentsPeer, tmp_path: Path, contract: SimpleNamespace) -> Iterator[Runners]:
    with Runners(temporal, peer, tmp_path, contract) as found:
        yield found


def answer(event: Any) -> Any:
    assert event.event_type == "workflow_completed", event
    return MessageToDict(event.payload)["output"]


@pytest.mark.parametrize("mint", [False, True])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_runner_that_is_lost_in_mid_call_starts_no_second_run(
    runners: Runners, peer: AgentsPeer, number: signal.Signals, mint: bool, temporal: str
) -> None:
    peer.behave(mint=mint)
    execution_id = f"wex-{number.name}-{mint}".lower()
    first = runners.another()
    runners.start(first, execution_id, WAITING)
    peer.until("subscribe")
    if mint:
        # What it noted of the run is safe with Temporal after its next sign of life.
        asyncio.run(_noted(temporal, execution_id))
    first.signal(number)
    first.wait()
    second = runners.another()
    peer.until("subscribe", 2)
    peer.release("once")
    output = answer(runners.end(second, execution_id, WAITING))
    assert (output["response"], [output["agent_execution_id"]]) == ("once", peer.runs())
    assert len(peer.calls("create")) == 1
    assert peer.calls("cancel") == []
    assert peer.calls("create")[0]["spec"]["runtime_env"] == {"TOKEN": {"value": SECRET, "is_secret": True}}
    assert SECRET not in str(peer.calls("ReportProgress")) + first.text + second.text


async def _noted(temporal: str, execution_id: str) -> None:
    client = await Client.connect(temporal)
    handle = client.get_workflow_handle(f"stigmer/workflow-execution/interpret/{execution_id}")
    for _ in range(100):
        pending = (await handle.describe()).raw_description.pending_activities
        if any(b"started" in payload.data for one in pending for payload in one.heartbeat_details.payloads):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the run was never noted")


def test_the_timeout_of_a_call_cancels_the_run(runners: Runners, peer: AgentsPeer) -> None:
    runner = runners.another()
    event = runners.end(runner, "wex-late", SHORT)
    assert (event.event_type, event.error.code) == ("workflow_failed", "TIMEOUT_ERROR")
    assert [call["id"] for call in peer.calls("cancel")] == peer.runs()


def test_a_cancelled_execution_cancels_the_run(runners: Runners, peer: AgentsPeer) -> None:
    runner = runners.another()
    runners.start(runner, "wex-off", WAITING)
    peer.until("subscribe")
    runners.cancel(runner, "wex-off")
    assert runners.end(runner, "wex-off", WAITING).event_type == "workflow_cancelled"
    assert [call["id"] for call in peer.calls("cancel")] == peer.runs()
