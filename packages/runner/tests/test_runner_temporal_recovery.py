"""What is lost under a running execution comes back, or its loss is told: Temporal, keys, payloads."""

import asyncio
import base64
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf.json_format import MessageToDict
from stigmer_runner.testing import RunnerProcess
from temporalio.client import Client

HEADER = "document: {dsl: 1.0.3, namespace: test, name: sample, version: 1.0.0}\n"
STEPS = HEADER + (
    "do:\n"
    "  - steps:\n"
    "      for: {in: '${ [range(12)] }'}\n"
    "      do:\n"
    "        - ask: {run: {shell: {command: 'echo call >> CALLS'}}}\n"
    "        - rest: {wait: {milliseconds: 300}}\n"
    "  - sum: {set: {done: true}}\n"
)
HOLDING = HEADER + (
    "do:\n"
    "  - text: {set: '${ {big: (\"x\" * 4000)} }', export: {as: '${ . }'}}\n"
    "  - first: {run: {shell: {command: \"printf '%04000d' 7\"}}}\n"
    "  - hold: {listen: {to: {one: {with: {type: com.example.go}}}}}\n"
    "  - second: {run: {shell: {command: \"printf '%04000d' 8\"}}}\n"
    "  - sum: {set: {length: '${ $context.big | length }'}}\n"
)
CHATTY = HEADER + (
    "do:\n"
    "  - steps:\n"
    "      for: {in: '${ [range(300)] }'}\n"
    "      do:\n"
    "        - text: {set: '${ {big: (\"x\" * 60000)} }'}\n"
    "        - rest: {if: '${ $index % 30 == 0 }', wait: {milliseconds: 200}}\n"
    "  - sum: {set: {done: true}}\n"
)
ENDLESS = HEADER + (
    "do:\n"
    "  - both:\n"
    "      fork:\n"
    "        branches:\n"
    "          - endless: {set: '${ {n: last(range(1e15))} }'}\n"
    "          - calling: {run: {shell: {command: sleep 3}}}\n"
)
SECRET = "value-of-the-token-4711"
FAILING = {
    "http": "  - ask: {call: http, with: {method: get, endpoint: PEER, headers: {token: '${ $secrets.TOKEN }'}}}\n",
    "shell": (
        "  - ask:\n"
        "      run:\n"
        "        shell:\n"
        "          command: 'echo out $TOKEN; echo err $TOKEN >&2; exit 1'\n"
        "          environment: {TOKEN: '${ $secrets.TOKEN }'}\n"
    ),
}
_PATIENCE_SECONDS = 120
_SILENT = 8
MIB = 1024 * 1024
Connect = Callable[[RunnerProcess], Any]


@contextmanager
def echo() -> Iterator[str]:
    """The URL of a server that fails, and tells what it was given."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"error": self.headers["token"]}).encode()
            self.send_response(500, self.headers["token"])
            self.send_header("content-type", "application/json")
            self.send_header("x-token", self.headers["token"])
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


def key(name: str, byte: int) -> str:
    return f"{name}:{base64.b64encode(bytes([byte]) * 32).decode()}"


class KilledServer:
    """A dev server that ends by SIGKILL, and begins again with what is in its file."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        self._file = folder / "temporal.db"

    def start(self) -> None:
        program = Path(sys.executable).parent / "temporal"
        command = [str(program), "server", "start-dev", "--headless", "--log-level=never", "--ip=127.0.0.1"]
        command += [f"--port={self.address.rpartition(':')[2]}", f"--db-filename={self._file}"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def killed_server(tmp_path: Path) -> Iterator[KilledServer]:
    server = KilledServer(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def settings(temporal_address: str, tmp_path: Path) -> dict[str, str]:
    return {
        "EXECUTION_MODE": "dual",
        "ALLOW_SHELL": "true",
        "TEMPORAL_SERVICE_ADDRESS": temporal_address,
        "TEMPORAL_TASK_QUEUE": f"recovery-{tmp_path.name}",
        "TEMPORAL_WORKFLOW_EXECUTION_RUNNER_TASK_QUEUE": f"recovery-{tmp_path.name}-activities",
        "BLOB_STORAGE_PATH": str(tmp_path / "blobs"),
        "CLAIMCHECK_THRESHOLD_BYTES": "1024",
        "CLAIMCHECK_COMPRESSION_ENABLED": "false",
        "SHUTDOWN_GRACE_SECONDS": "1",
    }


def followed(stub: Any, request: Any, seen: list[Any]) -> None:
    """Add all events to come, from as many streams as it takes; none may end but well or as UNAVAILABLE."""
    while not seen or not seen[-1].event_type.startswith(("workflow_completed", "workflow_failed")):
        last = seen[-1].sequence_number if seen else 0
        try:
            seen += [event for event in stub.Execute(request) if event.sequence_number > last]
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
            time.sleep(0.2)


def test_an_execution_outlives_a_temporal_server_that_is_killed(
    killed_server: KilledServer, settings: dict[str, str], tmp_path: Path, connect: Connect, contract: SimpleNamespace
) -> None:
    calls = tmp_path / "calls"
    with RunnerProcess({**settings, "TEMPORAL_SERVICE_ADDRESS": killed_server.address}) as runner:
        stub = connect(runner)
        document = STEPS.replace("CALLS", str(calls))
        request = contract.io.WorkflowExecuteInput(workflow_execution_id="outlives", workflow_yaml=document)
        events = stub.Execute(request)
        seen = [next(events) for _ in range(12)]
        killed_server.kill()
        url = f"{runner.http_url}/api/v1/executions/outlives"
        refused = httpx.get(url, timeout=_PATIENCE_SECONDS)
        assert (refused.status_code, "UNAVAILABLE" in refused.text) == (503, True)
        assert httpx.get(f"{runner.http_url}/livez").status_code == 200
        killed_server.start()
        with suppress(grpc.RpcError):
            seen += list(events)
        followed(stub, request, seen)
        assert seen[-1].event_type == "workflow_completed", seen[-1]
        assert [event.sequence_number for event in seen] == list(range(1, len(seen) + 1))
        # A call whose result was lost with the server is made again.
        assert len(calls.read_text().splitlines()) in (12, 13)


def hold(stub: Any, contract: SimpleNamespace, execution_id: str) -> Any:
    request = contract.io.WorkflowExecuteInput(workflow_execution_id=execution_id, workflow_yaml=HOLDING)
    events = stub.Execute(request)
    next(event for event in events if event.task_name == "hold")
    return request


def go(runner: RunnerProcess) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "/test", "type": "com.example.go"}
    headers = {"content-type": "application/cloudevents+json"}
    posted = httpx.post(f"{runner.http_url}/api/v1/events", json=event, headers=headers, timeout=60)
    assert posted.status_code == 202, posted.text


def state(runner: RunnerProcess, execution_id: str) -> httpx.Response:
    return httpx.get(f"{runner.http_url}/api/v1/executions/{execution_id}", timeout=_PATIENCE_SECONDS)


def refusal(call: Callable[[], object]) -> str:
    """The text of a refusal that passes."""
    with pytest.raises(grpc.RpcError) as refused:
        call()
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE, refused.value
    return str(refused.value.details())


@pytest.mark.extended
def test_other_settings_end_an_execution_that_began_with_the_old_ones(
    settings: dict[str, str], connect: Connect, contract: SimpleNamespace, tmp_path: Path
) -> None:
    old, new = key("old", 1), key("new", 2)
    with RunnerProcess({**settings, "PAYLOAD_KEYS": old}) as runner:
        request = hold(connect(runner), contract, f"rotated-{tmp_path.name}")
    with RunnerProcess({**settings, "PAYLOAD_KEYS": new}) as runner:
        shown = state(runner, request.workflow_execution_id)
        assert (shown.status_code, "the key 'old'" in shown.text) == (503, True), shown.text
        assert "the key 'old'" in refusal(lambda: list(connect(runner).Execute(request)))
    changed = {"PAYLOAD_KEYS": f"{new},{old}", "CLAIMCHECK_ENABLED": "false", "MAX_STEPS": "3"}
    with RunnerProcess({**settings, **changed}) as runner:
        go(runner)
        last = list(connect(runner).Execute(request))[-1]
        assert last.event_type == "workflow_completed", (last, runner.text)
        assert MessageToDict(last.payload)["output"] == {"length": 4000}


@pytest.mark.extended
def test_a_payload_that_is_lost_is_named_until_it_is_back(
    settings: dict[str, str], connect: Connect, contract: SimpleNamespace, tmp_path: Path
) -> None:
    with RunnerProcess(settings) as runner:
        request = hold(connect(runner), contract, f"lost-{tmp_path.name}")
    blobs, away = tmp_path / "blobs", tmp_path / "away"
    shutil.move(blobs, away)

    def is_named(text: str) -> bool:
        return any(f"The blob {path.name} of" in text for path in away.rglob("*") if path.is_file())

    with RunnerProcess(settings) as runner:
        stub = connect(runner)
        url = f"{runner.http_url}/api/v1/executions/{request.workflow_execution_id}/events"
        assert is_named(refusal(lambda: list(stub.Execute(request))))
        # Now it has a turn that fails, rather than a question that nobody can answer.
        go(runner)
        shown = state(runner, request.workflow_execution_id)
        assert (shown.status_code, is_named(shown.text)) == (503, True), shown.text
        assert is_named(httpx.get(url, timeout=_PATIENCE_SECONDS).text)
        shutil.copytree(away, blobs, dirs_exist_ok=True)
        seen: list[Any] = []
        followed(stub, request, seen)
        assert seen[-1].event_type == "workflow_completed", (seen[-1], runner.text)


def told(address: str, execution_id: str) -> bytes:
    """All that Temporal has in the history of an execution."""

    async def ask() -> bytes:
        client = await Client.connect(address)
        handle = client.get_workflow_handle(f"stigmer/workflow-execution/interpret/{execution_id}")
        return b"".join([event.SerializeToString() async for event in handle.fetch_history_events()])

    return asyncio.run(ask())


def test_a_call_that_fails_tells_no_secret(
    settings: dict[str, str], connect: Connect, contract: SimpleNamespace, tmp_path: Path, temporal_address: str
) -> None:
    with RunnerProcess({**settings, "CLAIMCHECK_THRESHOLD_BYTES": "50000"}) as runner, echo() as peer:
        for name, call in FAILING.items():
            execution_id = f"{name}-{tmp_path.name}"
            request = contract.io.WorkflowExecuteInput(
                workflow_execution_id=execution_id,
                workflow_yaml=HEADER + "use: {secrets: [TOKEN]}\ndo:\n" + call.replace("PEER", peer),
                env_vars={"TOKEN": SECRET},
            )
            events = list(connect(runner).Execute(request))
            assert events[-1].event_type == "workflow_failed"
            assert "[secret:TOKEN]" in events[-1].message
            history = told(temporal_address, execution_id)
            assert f"stigmer/{name}".encode() in history
            assert SECRET not in str(events) + state(runner, execution_id).text, name
            assert SECRET.encode() not in history, name
        assert SECRET not in runner.text


@pytest.mark.extended
def test_an_endless_expression_is_an_error_of_its_branch_alone(
    settings: dict[str, str], connect: Connect, contract: SimpleNamespace, tmp_path: Path
) -> None:
    with RunnerProcess({**settings, "EXPRESSION_SECONDS": "1"}) as runner:
        stub = connect(runner)
        other = stub.Execute(
            contract.io.WorkflowExecuteInput(
                workflow_execution_id=f"other-{tmp_path.name}",
                workflow_yaml=STEPS.replace("CALLS", str(tmp_path / "calls")),
            )
        )
        next(other)
        endless = contract.io.WorkflowExecuteInput(
            workflow_execution_id=f"endless-{tmp_path.name}", workflow_yaml=ENDLESS
        )
        events = list(stub.Execute(endless))
        assert (events[-1].event_type, events[-1].error.code) == ("workflow_failed", "EXPRESSION_ERROR"), events[-1]
        assert list(other)[-1].event_type == "workflow_completed"


@pytest.mark.extended
def test_clients_that_stop_reading_hold_nobody_up(
    settings: dict[str, str], connect: Connect, contract: SimpleNamespace, tmp_path: Path
) -> None:
    with RunnerProcess({**settings, "MAX_STEPS": "100000"}) as runner, ExitStack() as stack:
        execution_id = f"chatty-{tmp_path.name}"
        request = contract.io.WorkflowExecuteInput(workflow_execution_id=execution_id, workflow_yaml=CHATTY)
        next(connect(runner).Execute(request))
        before = memory_mib(runner.pid)
        for _ in range(_SILENT):
            silent = stack.enter_context(socket.create_connection(("127.0.0.1", runner.http_port)))
            silent.sendall(f"GET /api/v1/executions/{execution_id}/events HTTP/1.1\r\nhost: here\r\n\r\n".encode())
            # With grpcio a stream that is not read is not taken from the connection, beyond its window.
            channel = stack.enter_context(grpc.insecure_channel(runner.grpc_target))
            next(contract.service.WorkflowExecutionServiceStub(channel).Execute(request))
        seen = list(connect(runner).Execute(request))
        assert seen[-1].event_type == "workflow_completed", seen[-1]
        all_of_it = sum(event.ByteSize() for event in seen) // MIB
        assert all_of_it > 30
        # One log of the events, and pages on their way; not the rest of them for each client that does not read.
        assert memory_mib(runner.pid) - before < _SILENT * all_of_it


def memory_mib(pid: int) -> int:
    """Resident memory of a process."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1]) // 1024
