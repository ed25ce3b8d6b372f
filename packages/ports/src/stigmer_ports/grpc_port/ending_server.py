"""A grpclib server whose connections end with it."""

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
        """Wait for the calls, then end the connections: their last answers are sent before."""
        await super().wait_closed()
        for protocol in self._connections:
            if hasattr(protocol, "processor"):  # which a connection has from its first moment on
                protocol.processor.close("the server has stopped")
