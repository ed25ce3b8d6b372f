"""Reads one request and refuses what is too large before it is in memory."""

import struct
from typing import Any, TypeVar

import betterproto2
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from grpclib.server import Stream
from stigmer_proto_json import MalformedMessage, parse_exact

from stigmer_ports.refusals import PortReason, Refusal

_M = TypeVar("_M", bound=betterproto2.Message)
_A = TypeVar("_A", bound=betterproto2.Message)
_PREFIX_BYTES = 5


async def receive(stream: "Stream[_M, _A]", kind: type[_M], *, max_bytes: int, variable: str) -> _M:
    """The request message of a call; `variable` is the setting that sets the limit.

    grpclib has no size limit of its own and buffers whatever length a client announces, so the length-prefixed frame
    (gRPC over HTTP/2, "Length-Prefixed-Message") is read here. Raises Refusal, or GRPCError for a broken frame.
    """
    source = stream._stream  # noqa: SLF001 - see above; grpclib offers no public way
    prefix = await source.recv_data(_PREFIX_BYTES)
    if len(prefix) < _PREFIX_BYTES:
        raise Refusal(PortReason.INVALID_REQUEST, "the call ended without a request message")
    compressed, size = struct.unpack(">?I", prefix)
    if compressed:
        raise GRPCError(Status.UNIMPLEMENTED, "compressed requests are not supported; send grpc-encoding: identity")
    if size > max_bytes:
        raise Refusal(
            PortReason.MESSAGE_TOO_LARGE,
            f"the request has {size} bytes, the limit is {max_bytes} ({variable})",
            facts={"limit_bytes": str(max_bytes)},
        )
    data = await source.recv_data(size)
    try:
        return parse_exact(kind, data)
    except MalformedMessage as malformed:
        raise Refusal(PortReason.INVALID_REQUEST, f"the request cannot be read: {malformed}") from None


def authorization(stream: "Stream[Any, Any]") -> str | None:
    """The metadata of a call that say who calls, if they are text."""
    value = stream.metadata.get("authorization") if stream.metadata else None
    return value if isinstance(value, str) else None
