"""A grpclib server whose connections end with it."""

import asyncio
from typing import Any
from weakref import WeakSet

from grpclib.protocol import H2Protocol
from grpclib.server import Server


class EndingServer(Server):
    """As grpclib's, which leaves its connections open and goes on to answer whoever still has one."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._connections: WeakSet[H2Protocol] = WeakSet()

    def _protocol_factory(self) -> H2Protocol:
        protocol = super()._protocol_factory()
        self._connections.add(protocol)
        return protocol

    async def wait_closed(self) -> None:
        """Wait for the calls, then end the connections: their last answers are sent before.

        Not as grpclib does it, which asks asyncio's server first: since Python 3.12 that waits until every client has
        left, and a client keeps its connection for the next call.
        """
        if self._handlers:
            await asyncio.wait([asyncio.ensure_future(handler.wait_closed()) for handler in self._handlers])
        for protocol in self._connections:
            if hasattr(protocol, "processor"):  # which a connection has from its first moment on
                protocol.processor.close("the server has stopped")
