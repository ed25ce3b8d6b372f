"""Methods as grpclib handlers: key and role checked, size bounded."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from grpclib.const import Cardinality, Handler
from grpclib.server import Stream
from stigmer_ports.grpc_port.names import ServedService
from stigmer_ports.grpc_port.open_calls import OpenCalls
from stigmer_ports.grpc_port.receiving import authorization, receive

from stigmer_server.access import Authentication, Caller
from stigmer_server.grpc_port.methods import Method, Service, Streaming
from stigmer_server.metrics import ServerMetrics


class Handlers:
    """Makes the handlers."""

    def __init__(
        self, authentication: Authentication, calls: OpenCalls, metrics: ServerMetrics, *, max_message_bytes: int
    ) -> None:
        self._authentication = authentication
        self._metrics = metrics
        self._max_message_bytes = max_message_bytes
        self._calls = calls

    def served(self, service: Service) -> ServedService:
        """The service under every spelling of its methods."""
        return ServedService(service.name, {method.name: self._handler(service, method) for method in service.methods})

    def _handler(self, service: Service, method: Method) -> Handler:
        async def serve(stream: "Stream[Any, Any]") -> None:
            async with self._request(stream, service, method) as (message, caller):
                if isinstance(method, Streaming):
                    async with contextlib.aclosing(method.call(message, caller)) as answers:  # type: ignore[type-var]
                        async for answer in answers:
                            await stream.send_message(answer)
                else:
                    await stream.send_message(await method.call(message, caller))

        cardinality = Cardinality.UNARY_STREAM if isinstance(method, Streaming) else Cardinality.UNARY_UNARY
        return Handler(serve, cardinality, method.request, method.reply)

    @asynccontextmanager
    async def _request(
        self, stream: "Stream[Any, Any]", service: Service, method: Method
    ) -> AsyncIterator[tuple[Any, Caller]]:
        with self._metrics.grpc_request(service.name, method.name):
            async with self._calls.answering(method.name):
                caller = await self._authentication.check(authorization(stream), _address(stream))
                caller.require(*method.roles)
                yield await self._received(stream, method), caller

    async def _received(self, stream: "Stream[Any, Any]", method: Method) -> Any:
        return await receive(
            stream, method.request, max_bytes=self._max_message_bytes, variable="STIGMER_SERVER_MAX_MESSAGE_BYTES"
        )


def _address(stream: "Stream[Any, Any]") -> str:
    peer = stream.peer.addr() if stream.peer is not None else None
    return peer[0] if peer else ""
