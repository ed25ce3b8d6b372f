"""The gRPC server: services, health and reflection on one listening socket."""

import socket
import ssl
from types import TracebackType
from typing import Self

from grpclib.health.check import ServiceStatus
from grpclib.health.service import OVERALL, Health
from grpclib.reflection.service import ServerReflection
from grpclib.server import Server

from stigmer_server.application import Application
from stigmer_server.grpc_port.closed_streams import remember_few_closed_streams
from stigmer_server.grpc_port.encoded import EncodedCodec
from stigmer_server.grpc_port.handlers import Handlers
from stigmer_server.grpc_port.reflection import descriptor_pool_for_reflection
from stigmer_server.grpc_port.services import services
from stigmer_server.grpc_port.status_details import DetailsCodec


class GrpcPort:
    """Serves the calls of an application. An async context manager; leaving it ends open calls, closes the socket."""

    def __init__(self, application: Application, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        self._listener = listener
        self._tls = tls
        self._serving = ServiceStatus()
        self._serving.set(True)
        settings = application.settings
        self._handlers = Handlers(
            application.authentication, max_message_bytes=settings.stigmer_server_max_message_bytes
        )
        offered = services(application)
        served = [self._handlers.served(service) for service in offered]
        health = Health({OVERALL: [self._serving], **{service: [self._serving] for service in served}})
        pool = descriptor_pool_for_reflection(tuple(service.name for service in offered))
        servables = ServerReflection.extend([*served, health], pool=pool)
        self._server = Server(servables, codec=EncodedCodec(), status_details_codec=DetailsCodec())

    async def stop(self, seconds: float) -> None:
        """Answer health checks with NOT_SERVING, and give open calls some time to end."""
        self._serving.set(False)
        await self._handlers.settle(seconds)

    async def __aenter__(self) -> Self:
        remember_few_closed_streams()
        await self._server.start(sock=self._listener, ssl=self._tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()
