"""The wire codec, which tells our unencodable event from the peer's undecodable answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grpclib.encoding.proto import ProtoCodec

from stigmer_callback.errors import BrokenAnswerError, InvalidEventError

if TYPE_CHECKING:
    from grpclib._typing import IProtoMessage


class CallbackCodec(ProtoCodec):
    """Protobuf, with the two failures of a codec as two errors of this package."""

    def encode(self, message: IProtoMessage, message_type: type[IProtoMessage]) -> bytes:
        """Return the bytes of `message`. Raises `InvalidEventError`."""
        try:
            return super().encode(message, message_type)
        except Exception as error:
            msg = f"the progress event cannot be encoded: {error}"
            raise InvalidEventError(msg) from error

    def decode(self, data: bytes, message_type: type[IProtoMessage]) -> IProtoMessage:
        """Return the message in `data`. Raises `BrokenAnswerError`."""
        try:
            return super().decode(data, message_type)
        except Exception:
            msg = f"the endpoint answered {len(data)} bytes that are no {message_type.__name__}"
            raise BrokenAnswerError(msg) from None
