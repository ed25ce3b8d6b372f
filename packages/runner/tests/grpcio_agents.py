"""The agent services, written with the official gRPC implementation: `grpcio_agents.py FOLDER API_KEY PORT`.

Compiles the contract with grpc_tools into FOLDER/stubs when that is empty. Runs of agents lie in FOLDER, so that they
outlive the process.
What an agent does, its message says: `say TEXT`, `fail TEXT`, `stop`, `other` (a phase of a later contract), `wait`
(until FOLDER/release holds the answer). FOLDER/behaviour.json changes the service: see `AgentsPeer.behave`.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import Any

import grpc
from grpc_tools import protoc

PROTO = Path(__file__).parents[3] / "proto"
BASE = "ai.stigmer.agentic"
TICK = 0.05


def load_contract(out: Path) -> None:
    if not any(out.iterdir()):
        sources = [str(path) for top in ("ai", "buf") for path in (PROTO / top).rglob("*.proto")]
        includes = [f"-I{PROTO}", f"-I{files('grpc_tools') / '_proto'}"]
        if protoc.main(["protoc", *includes, f"--python_out={out}", f"--grpc_python_out={out}", *sources]):
            sys.exit("protoc failed")
    sys.path.insert(0, str(out))


def main(folder: Path, api_key: str, port: str) -> None:  # noqa: C901 - one class for each service
    load_contract(folder / "stubs")
    to_json = importlib.import_module("google.protobuf.json_format").MessageToDict
    api = importlib.import_module(f"{BASE}.agentexecution.v1.api_pb2")
    command = importlib.import_module(f"{BASE}.agentexecution.v1.command_pb2_grpc")
    query = importlib.import_module(f"{BASE}.agentexecution.v1.query_pb2_grpc")
    agent_api = importlib.import_module(f"{BASE}.agent.v1.api_pb2")
    agents = importlib.import_module(f"{BASE}.agent.v1.query_pb2_grpc")
    progress = importlib.import_module(f"{BASE}.workflowrunner.v1.service_pb2_grpc")
    io = importlib.import_module(f"{BASE}.workflowrunner.v1.io_pb2")
    guard = threading.Lock()

    def behaviour() -> dict[str, Any]:
        path = folder / "behaviour.json"
        found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return found

    def enter(method: str, request: Any, context: Any) -> dict[str, Any]:
        """Note a call, check its key, and give what the test wants of the service."""
        line = {"method": method, "request": to_json(request, preserving_proto_field_name=True)}
        with guard, (folder / "calls.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        if dict(context.invocation_metadata()).get("authorization") != f"Bearer {api_key}":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "who is there?")
        wanted = behaviour()
        if method in wanted.get("refuse", {}):
            code, left = wanted["refuse"][method]
            if left:
                wanted["refuse"][method] = [code, left - 1]
                (folder / "behaviour.json").write_text(json.dumps(wanted))
                context.abort(grpc.StatusCode[code], "refused by the test")
        return wanted

    def place(execution_id: str) -> Path:
        return folder / f"{execution_id}.run"

    def read(execution_id: str) -> Any:
        path = place(execution_id)
        return api.AgentExecution.FromString(path.read_bytes()) if path.exists() else None

    def write(execution: Any) -> None:
        fresh = folder / f"{execution.metadata.id}.fresh"
        fresh.write_bytes(execution.SerializeToString())
        fresh.replace(place(execution.metadata.id))

    def say(execution: Any, text: str) -> None:
        execution.status.messages.add(type=2, content=text)

    def advance(execution: Any) -> None:
        status = execution.status
        if status.phase == 1:
            status.phase = 2
            status.messages.add(type=1, content=execution.spec.message)
            return
        kind, _, text = execution.spec.message.partition(" ")
        match kind:
            case "say" if len(status.messages) < 3:
                say(execution, "thinking")
                status.messages.add(type=3, content="a tool's result")
                return
            case "say":
                say(execution, text)
                status.phase = 3
            case "fail":
                status.error, status.phase = text, 4
            case "stop":
                status.phase = 5
            case "other":
                status.phase, status.completed_at = 7, "2026-01-01T00:00:00Z"
            case "wait" if (folder / "release").exists():
                say(execution, (folder / "release").read_text())
                status.phase = 3
            case _:
                return

    def work() -> None:
        while True:
            time.sleep(TICK)
            with guard:
                for path in folder.glob("*.run"):
                    execution = api.AgentExecution.FromString(path.read_bytes())
                    if execution.status.phase in (1, 2):
                        advance(execution)
                        write(execution)

    class Agents(agents.AgentQueryControllerServicer):  # type: ignore[misc, name-defined]
        def getByReference(self, request: Any, context: Any) -> Any:  # noqa: N802
            enter("getByReference", request, context)
            if request.slug != "helper":
                context.abort(grpc.StatusCode.NOT_FOUND, f"no agent {request.slug}")
            return agent_api.Agent(metadata={"id": "agt-1", "slug": request.slug})

    class Commands(command.AgentExecutionCommandControllerServicer):  # type: ignore[misc, name-defined]
        def create(self, request: Any, context: Any) -> Any:
            wanted = enter("create", request, context)
            if wanted.get("mint") or not request.metadata.id:
                request.metadata.id = f"aex-minted-{time.monotonic_ns()}"
            with guard:
                if place(request.metadata.id).exists():
                    context.abort(grpc.StatusCode.ALREADY_EXISTS, "there is one")
                request.status.phase = 1
                write(request)
            if wanted.get("die") == "create" and not (folder / "died").exists():
                (folder / "died").touch()
                os._exit(1)
            return request

        def cancel(self, request: Any, context: Any) -> Any:
            enter("cancel", request, context)
            with guard:
                execution = read(request.id)
                if execution.status.phase in (1, 2):
                    execution.status.phase = 5
                    write(execution)
            return execution

    class Queries(query.AgentExecutionQueryControllerServicer):  # type: ignore[misc, name-defined]
        def get(self, request: Any, context: Any) -> Any:
            enter("get", request, context)
            found = read(request.value)
            if found is None:
                context.abort(grpc.StatusCode.NOT_FOUND, "no such run")
            return found

        def subscribe(self, request: Any, context: Any) -> Any:
            wanted = enter("subscribe", request, context)
            shown = None
            while context.is_active():
                execution = read(request.value)
                if execution is None:
                    context.abort(grpc.StatusCode.NOT_FOUND, "no such run")
                if execution != shown and not wanted.get("silent"):
                    yield execution
                    shown = execution
                    if execution.status.phase not in (1, 2) or wanted.get("short_streams"):
                        return
                time.sleep(TICK)

    class Progress(progress.WorkflowProgressServiceServicer):  # type: ignore[misc, name-defined]
        def ReportProgress(self, request: Any, context: Any) -> Any:  # noqa: N802
            enter("ReportProgress", request, context)
            return io.ReportProgressResponse(success=True)

    server = grpc.server(ThreadPoolExecutor(16), options=[("grpc.so_reuseport", 0)])
    agents.add_AgentQueryControllerServicer_to_server(Agents(), server)
    command.add_AgentExecutionCommandControllerServicer_to_server(Commands(), server)
    query.add_AgentExecutionQueryControllerServicer_to_server(Queries(), server)
    progress.add_WorkflowProgressServiceServicer_to_server(Progress(), server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    threading.Thread(target=work, daemon=True).start()
    print("listening", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
