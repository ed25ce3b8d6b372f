"""The gRPC server: services, health and reflection on one listening socket."""

import socket
import ssl
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from google.protobuf.descriptor_pool import DescriptorPool
from grpclib.encoding.base import CodecBase
from grpclib.encoding.proto import ProtoCodec
from grpclib.health.check import ServiceStatus
from grpclib.health.service import OVERALL, Health
from grpclib.reflection.service import ServerReflection

from stigmer_ports.grpc_port.closed_streams import remember_few_closed_streams
from stigmer_ports.grpc_port.details_codec import DetailsCodec
from stigmer_ports.grpc_port.ending_server import EndingServer
from stigmer_ports.grpc_port.names import ServedService
from stigmer_ports.grpc_port.open_calls import OpenCalls


class GrpcPort:
    """Serves the calls of services. An async context manager; leaving it ends calls, connections and the socket."""

    def __init__(
        self,
        services: Sequence[ServedService],
        calls: OpenCalls,
        *,
        listener: socket.socket,
        tls: ssl.SSLContext | None,
        descriptors: DescriptorPool,
        codec: CodecBase | None = None,
    ) -> None:
        """Nothing is served before the port is entered.

        Args:
            services: what is served beside health and reflection.
            calls: counts those of the services.
            listener: listens already; see `listening`.
            tls: see `server_tls`; None for plain text.
            descriptors: what reflection tells; see `pool_of`.
            codec: of the messages; protobuf when not given.
        """
        self._calls = calls
        self._listener = listener
        self._tls = tls
        self._serving = ServiceStatus()
        self._serving.set(True)
        health = Health({OVERALL: [self._serving], **{service: [self._serving] for service in services}})
        servables = ServerReflection.extend([*services, health], pool=descriptors)
        self._server = EndingServer(servables, codec=codec or ProtoCodec(), status_details_codec=DetailsCodec())

    def not_serving(self) -> None:
        """Answer health checks with NOT_SERVING from now on, and tell those who watch."""
        self._serving.set(False)

    async def settle(self, seconds: float) -> None:
        """Give open calls some time to end."""
        await self._calls.settle(seconds)

    async def __aenter__(self) -> Self:
        remember_few_closed_streams()
        await self._server.start(sock=self._listener, ssl=self._tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()
