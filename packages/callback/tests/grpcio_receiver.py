"""A receiver written with the official gRPC implementation: `grpcio_receiver.py OUT_FOLDER API_KEY PORT`.

Compiles the contract with grpc_tools into OUT_FOLDER, then prints one JSON line when it listens and one an event.
"""

from __future__ import annotations

import importlib
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import Any

import grpc
from grpc_tools import protoc

PROTO = Path(__file__).parents[3] / "proto"
SERVICE = "ai/stigmer/agentic/workflowrunner/v1/service"


def compile_contract(out: str) -> None:
    sources = [str(path) for top in ("ai", "buf") for path in (PROTO / top).rglob("*.proto")]
    includes = [f"-I{PROTO}", f"-I{files('grpc_tools') / '_proto'}"]
    if protoc.main(["protoc", *includes, f"--python_out={out}", f"--grpc_python_out={out}", *sources]):
        sys.exit("protoc failed")
    sys.path.insert(0, out)


def tell(**line: Any) -> None:
    print(json.dumps(line), flush=True)


def main(out: str, api_key: str, port: str) -> None:
    compile_contract(out)
    json_format = importlib.import_module("google.protobuf.json_format")
    module = SERVICE.replace("/", ".")
    stubs = importlib.import_module(f"{module}_pb2_grpc")
    messages = importlib.import_module(module.replace("service", "io_pb2"))

    class Receiver(stubs.WorkflowProgressServiceServicer):  # type: ignore[misc, name-defined]
        def ReportProgress(self, request: Any, context: Any) -> Any:  # noqa: N802
            metadata = dict(context.invocation_metadata())
            if metadata.get("authorization") != f"Bearer {api_key}":
                context.abort(grpc.StatusCode.UNAUTHENTICATED, f"not {metadata.get('authorization')}")
            event = json_format.MessageToDict(request, preserving_proto_field_name=True)
            tell(event=event, seconds_left=context.time_remaining())
            return messages.ReportProgressResponse(success=True)

    server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
    stubs.add_WorkflowProgressServiceServicer_to_server(Receiver(), server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    tell(listening=bound)
    server.wait_for_termination()


if __name__ == "__main__":
    main(*sys.argv[1:])
