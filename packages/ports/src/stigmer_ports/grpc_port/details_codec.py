"""The details of a status as grpclib sends them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from google.rpc import status_pb2
from grpclib.const import Status
from grpclib.encoding.base import StatusDetailsCodecBase


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One entry of `google.rpc.Status.details`: the full name of its message and its bytes."""

    name: str
    value: bytes


class DetailsCodec(StatusDetailsCodecBase):
    """Writes details whose messages come from two protobuf libraries; a server never reads any."""

    def encode(self, status: Status, message: str | None, details: Iterable[Detail]) -> bytes:
        """The bytes of `grpc-status-details-bin`."""
        proto = status_pb2.Status(code=status.value, message=message or "")
        for detail in details:
            proto.details.add(type_url=f"type.googleapis.com/{detail.name}", value=detail.value)
        return bytes(proto.SerializeToString())

    def decode(self, status: Status, message: str | None, data: bytes) -> Any:
        """Not used by a server."""
        raise NotImplementedError
