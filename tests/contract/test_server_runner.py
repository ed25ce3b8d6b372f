"""The Stigmer service and the runner, two processes that share the contract alone."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from stigmer_runner.testing import RunnerProcess
from stigmer_server.testing import ADMIN_KEY, CLIENT_KEY, RUNNER_KEY, ServerProcess

from packages.server.tests.grpcio_contract import Contract, compile_contract
from packages.server.tests.grpcio_peer import (
    ENVIRONMENT_COMMAND,
    EXECUTION_COMMAND,
    EXECUTION_QUERY,
    INSTANCE_COMMAND,
    RUNNER_COMMAND,
    RUNNER_QUERY,
    WORKFLOW_COMMAND,
    Peer,
)
from packages.server.tests.samples import OWNER, execution, set_task, wait_task, workflow

HEALTHY, NOT_SERVING, UNREACHABLE = 1, 2, 3
PENDING, IN_PROGRESS, COMPLETED, FAILED, CANCELLED, PAUSED = 1, 2, 3, 4, 5, 7
CALL_KEY = "key-of-the-runner-itself"
QUICK = {"STIGMER_RUNNER_CHECK_SECONDS": "0.2", "STIGMER_RUNNER_KEY": CALL_KEY}


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    """The contract as grpcio-tools generates it."""
    return compile_contract(tmp_path_factory.mktemp("grpcio"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that looks at its runners often."""
    with ServerProcess(tmp_path_factory.mktemp("server"), QUICK) as process:
        yield process


@pytest.fixture(scope="module")
def peers(contract: Contract, server: ServerProcess) -> Iterator[Callable[[str], Peer]]:
    """Clients of the server by key."""
    with ExitStack() as stack:
        yield lambda key: stack.enter_context(Peer(contract, server.grpc_target, key))


@pytest.fixture(scope="module")
def client(peers: Callable[[str], Peer]) -> Peer:
    """A client with the role client."""
    return peers(CLIENT_KEY)


@pytest.fixture(scope="module")
def admin(peers: Callable[[str], Peer]) -> Peer:
    """A client with the role admin."""
    return peers(ADMIN_KEY)


def runner_process(server: ServerProcess, **settings: str) -> RunnerProcess:
    """A runner that reports to the server."""
    return RunnerProcess(
        {
            "STIGMER_SERVICE_ENDPOINT": server.grpc_target,
            "STIGMER_SERVICE_API_KEY": RUNNER_KEY,
            "RUNNER_API_KEY": CALL_KEY,
            **settings,
        }
    )


def registration(name: str, process: RunnerProcess) -> dict[str, Any]:
    """The registration of a runner."""
    return {
        "metadata": {"name": name, "ownerScope": "platform"},
        "spec": {"type": "grpc", "endpoint": f"grpc://{process.grpc_target}"},
    }


@pytest.fixture(scope="module")
def registered(server: ServerProcess, admin: Peer) -> Iterator[str]:
    """The id of a registered runner that is healthy."""
    with runner_process(server) as process:
        runner_id = admin.call(RUNNER_COMMAND, "Create", registration("first", process)).metadata.id
        wait_for_health(admin, runner_id, HEALTHY)
        yield runner_id


def wait_for_health(peer: Peer, runner_id: str, state: int) -> Any:
    """The runner, once its health is this."""
    while True:
        found = peer.call(RUNNER_QUERY, "Get", {"value": runner_id})
        if found.status.health.state == state:
            return found
        time.sleep(0.05)


def until_phase(client: Peer, execution_id: str, phase: int) -> Any:
    """The execution, once it has this phase."""
    for seen in client.stream(EXECUTION_QUERY, "subscribe", {"executionId": execution_id}):
        if seen.status.phase == phase:
            return seen
    raise AssertionError(f"{execution_id} ended otherwise: {seen.status}")


def started(client: Peer, request: dict[str, Any], **spec: Any) -> str:
    """The id of a new execution of a workflow that is applied before."""
    found = client.call(WORKFLOW_COMMAND, "apply", request)
    execution_id: str = client.call(EXECUTION_COMMAND, "create", execution(found.metadata.id, **spec)).metadata.id
    return execution_id


@pytest.mark.usefixtures("registered")
def test_a_workflow_runs_with_its_environment_and_secrets(client: Peer) -> None:
    values = {"REGION": {"value": "eu"}, "TOKEN": {"value": "open-sesame-0815", "isSecret": True}}
    client.call(ENVIRONMENT_COMMAND, "apply", {"metadata": {"name": "live", **OWNER}, "spec": {"data": values}})
    orders = client.call(
        WORKFLOW_COMMAND,
        "apply",
        workflow(
            "live",
            tasks=[
                set_task("one", region="${ $env.REGION }", length="${ $secrets.TOKEN | length }", who="${ $env.WHO }")
            ],
            envSpec={"data": {"TOKEN": {"isSecret": True}, "WHO": {"value": "nobody"}, "REGION": {}}},
        ),
    )
    instance = client.call(
        INSTANCE_COMMAND,
        "apply",
        {
            "metadata": {"name": "live", **OWNER},
            "spec": {"workflowId": orders.metadata.id, "envRefs": [{"org": "acme", "slug": "live"}]},
        },
    )
    run = client.call(
        EXECUTION_COMMAND,
        "create",
        execution("", workflowInstanceId=instance.metadata.id, runtimeEnv={"WHO": {"value": "me"}}),
    )
    ended = until_phase(client, run.metadata.id, COMPLETED)
    assert [task.task_name for task in ended.status.tasks] == ["one"]
    output = dict(ended.status.tasks[0].output.items())
    # The runner shows expressions a placeholder of the secret; that it has one means that it got the value.
    assert output.pop("length") > 0
    assert output == {"region": "eu", "who": "me"}
    assert "open-sesame" not in str(ended)
    assert dict(ended.status.output.items()) == dict(ended.status.tasks[0].output.items())


@pytest.mark.usefixtures("registered")
def test_a_run_is_paused_resumed_and_cancelled(client: Peer) -> None:
    tasks = [wait_task(f"w{number}", 1) for number in range(100)]
    run = started(client, workflow("long", tasks=tasks))
    until_phase(client, run, IN_PROGRESS)
    client.call(EXECUTION_COMMAND, "pause", {"id": run, "reason": "lunch"})
    until_phase(client, run, PAUSED)
    client.call(EXECUTION_COMMAND, "pause", {"id": run})
    client.call(EXECUTION_COMMAND, "resume", {"id": run})
    until_phase(client, run, IN_PROGRESS)
    status, message = client.refusal(EXECUTION_COMMAND, "sendSignal", {"executionId": run, "signalName": "go"})
    assert (status, "no call for signals" in message) == ("UNIMPLEMENTED", True)
    client.call(EXECUTION_COMMAND, "cancel", {"id": run, "reason": "enough"})
    ended = until_phase(client, run, CANCELLED)
    assert 0 < len(ended.status.tasks) < 100


@pytest.mark.usefixtures("registered")
def test_a_run_is_terminated_without_waiting(client: Peer) -> None:
    run = started(client, workflow("very-long", tasks=[wait_task("w", 3600)]))
    until_phase(client, run, IN_PROGRESS)
    assert client.call(EXECUTION_COMMAND, "terminate", {"id": run}).status.phase == CANCELLED


@pytest.mark.usefixtures("registered")
def test_a_failed_run_tells_why(client: Peer) -> None:
    raised = {"name": "r", "kind": "WORKFLOW_TASK_KIND_RAISE", "taskConfig": {"error": "stock", "message": "none left"}}
    ended = until_phase(client, started(client, workflow("failing", tasks=[raised])), FAILED)
    assert "none left" in ended.status.error
    assert ended.status.tasks[0].status == 4


@pytest.fixture
def lonely(contract: Contract, tmp_path: Path) -> Iterator[tuple[ServerProcess, Peer, Peer]]:
    """A server without runners, and its client and admin."""
    with (
        ServerProcess(tmp_path / "lonely", QUICK) as server,
        Peer(contract, server.grpc_target, CLIENT_KEY) as client,
        Peer(contract, server.grpc_target, ADMIN_KEY) as admin,
    ):
        yield server, client, admin


def test_executions_wait_for_a_runner_and_tell_why(lonely: tuple[ServerProcess, Peer, Peer]) -> None:
    server, client, admin = lonely
    run = started(client, workflow("patient"))
    for seen in client.stream(EXECUTION_QUERY, "subscribe", {"executionId": run}):
        if "no healthy runner" in seen.status.error:
            break
    assert seen.status.phase == PENDING
    with runner_process(server) as process:
        second = admin.call(RUNNER_COMMAND, "Create", registration("second", process))
        ended = until_phase(client, run, COMPLETED)
        assert ended.status.error == ""
        assert admin.refusal(RUNNER_COMMAND, "Create", registration("second", process))[0] == "ALREADY_EXISTS"
    # The runner is gone: it is found out, and one that comes back under another address is told by an update.
    assert wait_for_health(admin, second.metadata.id, UNREACHABLE).status.health.message
    with runner_process(server) as process:
        moved = {**registration("second", process)}
        moved["metadata"]["id"] = second.metadata.id
        admin.call(RUNNER_COMMAND, "Update", moved)
        wait_for_health(admin, second.metadata.id, HEALTHY)
        until_phase(client, started(client, workflow("patient")), COMPLETED)
    entries = admin.call(RUNNER_QUERY, "List", {"type": "grpc"}).entries
    assert [entry.metadata.id for entry in entries] == [second.metadata.id]
    assert admin.call(RUNNER_QUERY, "List", {"type": "temporal"}).entries == []
    admin.call(RUNNER_COMMAND, "Delete", {"resourceId": second.metadata.id})
    assert admin.refusal(RUNNER_QUERY, "Get", {"value": second.metadata.id})[0] == "NOT_FOUND"


def test_a_runner_that_is_full_gets_the_rest_later(lonely: tuple[ServerProcess, Peer, Peer]) -> None:
    server, client, admin = lonely
    with runner_process(server, MAX_CONCURRENT_EXECUTIONS="2") as process:
        admin.call(RUNNER_COMMAND, "Create", registration("small", process))
        orders = client.call(WORKFLOW_COMMAND, "apply", workflow("many", tasks=[wait_task("w", 1)]))
        runs = [client.call(EXECUTION_COMMAND, "create", execution(orders.metadata.id)).metadata.id for _ in range(7)]
        for run in runs:
            until_phase(client, run, COMPLETED)


def test_a_server_that_is_killed_goes_on_where_it_was(contract: Contract, tmp_path: Path) -> None:
    port = _free_port()
    settings = {**QUICK, "STIGMER_SERVER_PORT": str(port)}
    with ExitStack() as stack:
        first = stack.enter_context(ServerProcess(tmp_path, settings))
        process = stack.enter_context(runner_process(first))
        settings["STIGMER_RUNNER_ENDPOINT"] = f"grpc://{process.grpc_target}"
        client = stack.enter_context(Peer(contract, first.grpc_target, CLIENT_KEY))
        admin = stack.enter_context(Peer(contract, first.grpc_target, ADMIN_KEY))
        waiting = started(client, workflow("waiting"))
        wait_for_health(admin, admin.call(RUNNER_COMMAND, "Create", registration("r", process)).metadata.id, HEALTHY)
        tasks = [wait_task(f"w{number}", 1) for number in range(4)]
        runs = [started(client, workflow("surviving", tasks=tasks)) for _ in range(10)]
        until_phase(client, runs[-1], IN_PROGRESS)
        first.kill()
        time.sleep(1.5)
        second = stack.enter_context(ServerProcess(tmp_path, settings))
        again = stack.enter_context(Peer(contract, second.grpc_target, CLIENT_KEY))
        for run in runs:
            ended = until_phase(again, run, COMPLETED)
            assert [task.task_name for task in ended.status.tasks] == ["w0", "w1", "w2", "w3"]
            assert {task.status for task in ended.status.tasks} == {3}
        until_phase(again, waiting, COMPLETED)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
