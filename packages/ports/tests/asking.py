"""A gRPC service of the tests: what a call is answered is what the test says."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any, Final

import grpc
from grpclib.const import Cardinality, Handler, Status
from grpclib.server import Stream
from stigmer_ports.grpc_port.names import ServedService
from stigmer_ports.grpc_port.open_calls import OpenCalls
from stigmer_ports.grpc_port.receiving import authorization, receive
from stigmer_ports.grpc_port.reflection import pool_of
from stigmer_ports.grpc_port.server import GrpcPort
from stigmer_ports.grpc_port.status_details import RefusalStatuses
from stigmer_ports.listeners import listening, port_of
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import CancelExecutionRequest, ValidationProblem
from stigmer_proto.google.protobuf import Empty

SERVICE: Final = "tests.Asking"
MAX_BYTES: Final = 1000
Answer = Callable[[CancelExecutionRequest, str | None], Awaitable[None]]


def _as_it_is(problem: ValidationProblem) -> ValidationProblem:
    return problem


REFUSALS: Final = RefusalStatuses(
    domain="tests.example.com",
    statuses={
        "INVALID_REQUEST": Status.INVALID_ARGUMENT,
        "MESSAGE_TOO_LARGE": Status.RESOURCE_EXHAUSTED,
        "TIRED": Status.UNAVAILABLE,
    },
    problem_message=_as_it_is,
)


def asking_port(answer: Answer, listener: socket.socket, *, quiet: Collection[str] = ()) -> GrpcPort:
    """A port whose `AskMe` does `answer` with the request and the `authorization`; to be entered."""
    calls = OpenCalls("test", REFUSALS, quiet=quiet)

    async def serve(stream: "Stream[Any, Any]") -> None:
        async with calls.answering("AskMe"):
            message = await receive(stream, CancelExecutionRequest, max_bytes=MAX_BYTES, variable="MAX_BYTES")
            await answer(message, authorization(stream))
            await stream.send_message(Empty())

    handler = Handler(serve, Cardinality.UNARY_UNARY, CancelExecutionRequest, Empty)
    services = [ServedService(SERVICE, {"AskMe": handler})]
    return GrpcPort(services, calls, listener=listener, tls=None, descriptors=pool_of([]))


@asynccontextmanager
async def asking(answer: Answer, *, quiet: Collection[str] = ()) -> AsyncIterator[tuple[GrpcPort, grpc.aio.Channel]]:
    """Such a port, and a channel of grpcio to it."""
    with listening("127.0.0.1", 0, host_variable="HOST", port_variable="PORT") as listener:
        target = f"127.0.0.1:{port_of(listener)}"
        async with grpc.aio.insecure_channel(target) as channel, asking_port(answer, listener, quiet=quiet) as port:
            yield port, channel


async def ask(channel: grpc.aio.Channel, data: bytes = b"", *, method: str = "AskMe", **metadata: str) -> None:
    """Call it with the bytes of a request."""
    await channel.unary_unary(f"/{SERVICE}/{method}")(data, metadata=tuple(metadata.items()))
