"""The gRPC port: every service of the contract that the server implements."""

import socket
import ssl
from typing import Final

from stigmer_ports.grpc_port.open_calls import OpenCalls
from stigmer_ports.grpc_port.server import GrpcPort

from stigmer_server.application import Application
from stigmer_server.grpc_port.encoded import EncodedCodec
from stigmer_server.grpc_port.handlers import Handlers
from stigmer_server.grpc_port.reflection import descriptor_pool_for_reflection
from stigmer_server.grpc_port.services import services
from stigmer_server.grpc_port.statuses import REFUSALS
from stigmer_server.refusals import Reason

# The answer that keeps a runner waiting is no news in a log that has one line for each of them.
_QUIET: Final = frozenset({Reason.EVENTS_MISSING, Reason.TRY_AGAIN, Reason.TOO_MANY_REQUESTS})


def grpc_port(application: Application, listener: socket.socket, tls: ssl.SSLContext | None) -> GrpcPort:
    """The port of an application, to be entered."""
    calls = OpenCalls("server", REFUSALS, quiet=_QUIET)
    max_bytes = application.settings.stigmer_server_max_message_bytes
    handlers = Handlers(application.authentication, calls, application.metrics, max_message_bytes=max_bytes)
    offered = services(application)
    return GrpcPort(
        [handlers.served(service) for service in offered],
        calls,
        listener=listener,
        tls=tls,
        descriptors=descriptor_pool_for_reflection(tuple(service.name for service in offered)),
        codec=EncodedCodec(),
    )
