"""Answers that are bytes already."""

from dataclasses import dataclass
from typing import Any

from grpclib.encoding.proto import ProtoCodec


@dataclass(frozen=True, slots=True)
class Encoded:
    """A message in binary form."""

    data: bytes


class EncodedCodec(ProtoCodec):
    """Sends `Encoded` as it is, and everything else as protobuf."""

    def encode(self, message: Any, message_type: Any) -> bytes:
        """The bytes to send."""
        return message.data if isinstance(message, Encoded) else super().encode(message, message_type)
