"""The gRPC server: services, health and reflection on one listening socket."""

import socket
import ssl
from types import TracebackType
from typing import Self

from grpclib.encoding.proto import ProtoCodec
from grpclib.health.check import ServiceStatus
from grpclib.health.service import OVERALL, Health
from grpclib.reflection.service import ServerReflection
from grpclib.server import Server

from stigmer_runner.grpc_port.reflection import descriptor_pool_for_reflection
from stigmer_runner.grpc_port.services import ExecutionServices
from stigmer_runner.grpc_port.status_details import DetailsCodec


class GrpcPort:
    """Serves the calls. An async context manager; leaving it ends open calls and closes the socket."""

    def __init__(self, services: ExecutionServices, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        self._listener = listener
        self._tls = tls
        self._serving = ServiceStatus()
        self._serving.set(True)
        named = services.services()
        health = Health({OVERALL: [self._serving], **{service: [self._serving] for service in named}})
        servables = ServerReflection.extend([*named, health], pool=descriptor_pool_for_reflection())
        self._server = Server(servables, codec=ProtoCodec(), status_details_codec=DetailsCodec())

    def not_serving(self) -> None:
        """Answer health checks with NOT_SERVING from now on, and tell those who watch."""
        self._serving.set(False)

    async def __aenter__(self) -> Self:
        await self._server.start(sock=self._listener, ssl=self._tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()
