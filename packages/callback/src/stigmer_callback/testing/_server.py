"""A grpclib server that can cut its connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from grpclib.encoding.proto import ProtoCodec
from grpclib.protocol import H2Protocol
from grpclib.server import Server

if TYPE_CHECKING:
    from grpclib._typing import IProtoMessage, IServable

GARBAGE: Final = b"\x0a\xff\xff\xff\xff\x7fthis is no message"


class CuttableServer(Server):
    """Remembers its connections, so that they can be cut while calls are under way."""

    def __init__(self, service: IServable) -> None:
        super().__init__([service], codec=GarbageCodec())
        self._protocols: list[H2Protocol] = []

    def _protocol_factory(self) -> H2Protocol:
        protocol = super()._protocol_factory()
        self._protocols.append(protocol)
        return protocol

    def cut(self) -> None:
        """Close every connection, whatever is under way on it."""
        for protocol in self._protocols:
            # A protocol without a connection was made for a client whose TLS handshake is not done.
            if hasattr(protocol, "processor"):
                protocol.processor.close("cut")
        self._protocols.clear()


class GarbageCodec(ProtoCodec):
    """Protobuf, except that plain bytes go out as they are."""

    def encode(self, message: IProtoMessage, message_type: type[IProtoMessage]) -> bytes:
        """Return the bytes of `message`."""
        return message if isinstance(message, bytes) else super().encode(message, message_type)
