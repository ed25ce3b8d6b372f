"""Every call of the contract, by two foreign clients: one with generated stubs, one that asks the server for them."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from stigmer_ports.grpc_port.names import spellings
from stigmer_server.testing import ADMIN_KEY, RUNNER_KEY, ServerProcess

from packages.server.tests import grpcio_peer as names
from packages.server.tests.grpcio_contract import Contract
from packages.server.tests.grpcio_peer import Peer
from packages.server.tests.samples import OWNER, event, execution, workflow

Json = dict[str, Any]
Call = Callable[[str, str, Json], Json]


class GeneratedClient:
    """Calls by generated stubs."""

    def __init__(self, contract: Contract, target: str, stack: ExitStack) -> None:
        self._peers = {key: stack.enter_context(Peer(contract, target, key)) for key in (ADMIN_KEY, RUNNER_KEY)}

    def call(self, key: str, service: str, method: str, request: Json) -> Json:
        peer = self._peers[key]
        streams = peer.contract.services[service].methods_by_name[method].server_streaming
        try:
            reply = next(peer.stream(service, method, request)) if streams else peer.call(service, method, request)
        except grpc.RpcError as error:
            return {"status": error.code().name, "message": error.details()}
        return {"reply": MessageToDict(reply)}


class ReflectionClient:
    """Calls by a process that knows the server by reflection only."""

    def __init__(self, target: str, stack: ExitStack) -> None:
        self._processes = {key: stack.enter_context(_process(target, key)) for key in (ADMIN_KEY, RUNNER_KEY)}
        described = [json.loads(_line(process)) for process in self._processes.values()]
        self.methods = {(service, method) for service, methods in described[0].items() for method in methods}

    def call(self, key: str, service: str, method: str, request: Json) -> Json:
        process = self._processes[key]
        assert process.stdin is not None
        process.stdin.write(json.dumps({"service": service, "method": method, "request": request}) + "\n")
        process.stdin.flush()
        answer: Json = json.loads(_line(process))
        return answer


@contextmanager
def _process(target: str, key: str) -> Iterator["subprocess.Popen[str]"]:
    script = Path(__file__).with_name("reflection_client.py")
    command = [sys.executable, str(script), target, key]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.parametrize("kind", ["generated", "reflection"])
def test_every_call_is_answered(contract: Contract, tmp_path: Path, kind: str) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(ServerProcess(tmp_path))
        client: GeneratedClient | ReflectionClient = (
            GeneratedClient(contract, server.grpc_target, stack)
            if kind == "generated"
            else ReflectionClient(server.grpc_target, stack)
        )
        called: set[tuple[str, str]] = set()

        def ask(key: str, service: str, method: str, request: Json) -> Json:
            called.add((service, method))
            return client.call(key, service, method, request)

        def call(service: str, method: str, request: Json) -> Json:
            key = RUNNER_KEY if method in ("ReportProgress", "updateStatus") else ADMIN_KEY
            answer = ask(key, service, method, request)
            assert "reply" in answer, (method, answer)
            reply: Json = answer["reply"]
            return reply

        workflow_id = _workflows(call)
        instance_id = _instances(call, workflow_id)
        _executions(call, ask, workflow_id)
        _environments(call)
        _contexts(call)
        _runners(call)
        call(names.INSTANCE_COMMAND, "delete", {"resourceId": instance_id})
        call(names.WORKFLOW_COMMAND, "delete", {"value": workflow_id})
        assert called == set(contract.methods_of_the_server())
        if isinstance(client, ReflectionClient):
            assert client.methods == called


def _workflows(call: Call) -> str:
    made = call(names.WORKFLOW_COMMAND, "create", workflow("all"))
    assert call(names.WORKFLOW_COMMAND, "apply", workflow("all")) == made
    changed = call(names.WORKFLOW_COMMAND, "update", workflow("all", description="changed"))
    workflow_id: str = made["metadata"]["id"]
    assert call(names.WORKFLOW_QUERY, "get", {"value": workflow_id}) == changed
    assert call(names.WORKFLOW_QUERY, "getByReference", {"org": "acme", "slug": "all"}) == changed
    return workflow_id


def _instances(call: Call, workflow_id: str) -> str:
    request: Json = {"metadata": {"name": "one", **OWNER}, "spec": {"workflowId": workflow_id}}
    made = call(names.INSTANCE_COMMAND, "create", request)
    assert call(names.INSTANCE_COMMAND, "apply", request) == made
    request["spec"]["description"] = "changed"
    changed = call(names.INSTANCE_COMMAND, "update", request)
    instance_id: str = made["metadata"]["id"]
    assert call(names.INSTANCE_QUERY, "get", {"value": instance_id}) == changed
    assert call(names.INSTANCE_QUERY, "getByReference", {"org": "acme", "slug": "one"}) == changed
    assert call(names.INSTANCE_QUERY, "getByWorkflow", {"workflowId": workflow_id})["entries"] == [changed]
    return instance_id


def _executions(call: Call, ask: Callable[[str, str, str, Json], Json], workflow_id: str) -> None:
    command, query = names.EXECUTION_COMMAND, names.EXECUTION_QUERY
    made = call(command, "create", execution(workflow_id, tags=["all"]))
    run = made["metadata"]["id"]
    for method, request in (("pause", {"id": run}), ("resume", {"id": run})):
        assert ask(ADMIN_KEY, command, method, request)["status"] == "FAILED_PRECONDITION"
    signal = {"executionId": run, "signalName": "go"}
    assert ask(ADMIN_KEY, command, "sendSignal", signal)["status"] == "FAILED_PRECONDITION"
    assert call(names.PROGRESS, "ReportProgress", event(run, 1, "workflow_started")) == {"success": True}
    report = {"executionId": run, "status": {"tasks": [{"taskId": "/do/0/a"}]}}
    assert call(command, "updateStatus", report)["status"]["phase"] == "EXECUTION_IN_PROGRESS"
    changed = call(command, "update", {"metadata": {"id": run, "tags": ["changed"]}})
    assert call(query, "get", {"value": run}) == changed
    assert call(query, "subscribe", {"executionId": run}) == changed
    assert call(query, "list", {"tags": ["changed"]})["entries"] == [changed]
    assert call(query, "listByWorkflow", {"workflowId": workflow_id})["entries"] == [changed]
    assert call(command, "terminate", {"id": run})["status"]["phase"] == "EXECUTION_CANCELLED"
    call(command, "cancel", {"id": run})
    call(command, "delete", {"value": run})
    assert call(query, "list", {}) == {}


def _environments(call: Call) -> None:
    request: Json = {"metadata": {"name": "e", **OWNER}, "spec": {"data": {"A": {"value": "1"}}}}
    made = call(names.ENVIRONMENT_COMMAND, "create", request)
    assert call(names.ENVIRONMENT_COMMAND, "apply", request) == made
    request["spec"]["data"]["B"] = {"value": "2"}
    changed = call(names.ENVIRONMENT_COMMAND, "update", request)
    assert call(names.ENVIRONMENT_QUERY, "get", {"value": made["metadata"]["id"]}) == changed
    assert call(names.ENVIRONMENT_QUERY, "getByReference", {"org": "acme", "slug": "e"}) == changed
    assert call(names.ENVIRONMENT_COMMAND, "delete", {"resourceId": made["metadata"]["id"]}) == changed


def _contexts(call: Call) -> None:
    request = {"metadata": {"name": "c"}, "spec": {"executionId": "wex-1"}}
    made = call(names.CONTEXT_COMMAND, "create", request)
    assert call(names.CONTEXT_COMMAND, "apply", request) == made
    assert call(names.CONTEXT_QUERY, "get", {"value": made["metadata"]["id"]}) == made
    assert call(names.CONTEXT_QUERY, "getByReference", {"slug": "c"}) == made
    assert call(names.CONTEXT_COMMAND, "delete", {"resourceId": made["metadata"]["id"]}) == made


def _runners(call: Call) -> None:
    request: Json = {
        "metadata": {"name": "r", "ownerScope": "platform"},
        "spec": {"type": "grpc", "endpoint": "grpc://127.0.0.1:1"},
    }
    runner_id = call(names.RUNNER_COMMAND, "Create", request)["metadata"]["id"]
    request["spec"]["description"] = "changed"
    changed = call(names.RUNNER_COMMAND, "Update", request)
    assert call(names.RUNNER_QUERY, "Get", {"value": runner_id})["spec"] == changed["spec"]
    assert [entry["spec"] for entry in call(names.RUNNER_QUERY, "List", {})["entries"]] == [changed["spec"]]
    assert call(names.RUNNER_COMMAND, "Delete", {"resourceId": runner_id})["spec"] == changed["spec"]
    assert call(names.RUNNER_QUERY, "List", {}) == {}


def test_every_spelling_of_every_method_is_answered(server: ServerProcess, contract: Contract) -> None:
    with grpc.insecure_channel(server.grpc_target) as channel:
        for service, method in contract.methods_of_the_server():
            assert len(spellings(method)) >= 2
            for spelling in spellings(method):
                with pytest.raises(grpc.RpcError) as refused:
                    channel.unary_unary(f"/{service}/{spelling}")(b"")
                assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED, (service, spelling)
        with pytest.raises(grpc.RpcError) as unknown:
            channel.unary_unary(f"/{names.PROGRESS}/REPORT_PROGRESS")(b"")
        assert unknown.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_health_needs_no_key(server: ServerProcess) -> None:
    with grpc.insecure_channel(server.grpc_target) as channel:
        serving = b"\x08\x01"
        assert channel.unary_unary("/grpc.health.v1.Health/Check")(b"") == serving
        service = names.PROGRESS.encode()
        assert channel.unary_unary("/grpc.health.v1.Health/Check")(b"\x0a" + bytes([len(service)]) + service) == serving


def test_the_spellings_are_those_that_peers_use() -> None:
    assert spellings("getByReference") == ("getByReference", "GetByReference", "get_by_reference")
    assert spellings("ReportProgress") == ("ReportProgress", "reportProgress", "report_progress")
    assert spellings("get") == ("get", "Get")
