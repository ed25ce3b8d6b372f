"""The gRPC port: the calls of the runner under every service name."""

import socket
import ssl

from stigmer_ports.grpc_port.open_calls import OpenCalls
from stigmer_ports.grpc_port.server import GrpcPort

from stigmer_runner.authentication import Authentication
from stigmer_runner.grpc_port.calls import ExecutionCalls
from stigmer_runner.grpc_port.reflection import descriptor_pool_for_reflection
from stigmer_runner.grpc_port.services import ExecutionServices
from stigmer_runner.grpc_port.statuses import REFUSALS


def grpc_port(
    calls: ExecutionCalls,
    authentication: Authentication,
    listener: socket.socket,
    tls: ssl.SSLContext | None,
    *,
    max_message_bytes: int,
) -> GrpcPort:
    """The port of the calls, to be entered."""
    open_calls = OpenCalls("runner", REFUSALS)
    services = ExecutionServices(authentication, open_calls, max_message_bytes=max_message_bytes)
    return GrpcPort(
        services.of(calls),
        open_calls,
        listener=listener,
        tls=tls,
        descriptors=descriptor_pool_for_reflection(),
    )
