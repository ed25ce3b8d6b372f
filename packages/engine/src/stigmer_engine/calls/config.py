"""What can be told about outbound calls. Imports none of the libraries that perform them (see `on_demand`)."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stigmer_engine.calls.address_policy import AddressPolicy
from stigmer_engine.calls.resolver import Resolver, system_resolver

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpConfig:
    """Bounds of HTTP calls.

    Attributes:
        connect_seconds: to open a connection, name resolution included.
        idle_seconds: without a byte from the peer; the task's `timeout` bounds the whole.
        keep_alive_seconds: an idle connection is kept for the next call to the same place.
        max_response_bytes: of a body, after decompression.
        max_request_bytes: of a body.
        max_header_bytes: of all request headers together; a response's may have 100 kB (h11).
        max_connections: open at a time, over all executions.
        ca_file: certificates (PEM) to trust beside the usual ones.
        transport: replaces the network, for tests and for proxies of one's own; the address policy does not see
            what it does.
    """

    connect_seconds: float = 30.0
    idle_seconds: float = 300.0
    keep_alive_seconds: float = 15.0
    max_response_bytes: int = 32 * 1024 * 1024
    max_request_bytes: int = 32 * 1024 * 1024
    max_header_bytes: int = 64 * 1024
    max_connections: int = 100
    ca_file: Path | None = None
    transport: "httpx.AsyncBaseTransport | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpcConfig:
    """Bounds of gRPC calls.

    Attributes:
        max_message_bytes: of one message, in both directions.
        max_stream_bytes: of all messages that a streaming method answers with, together.
        max_messages: in such an answer.
        max_channels: kept open, over all executions.
        reflection_seconds: for the peer to describe a service.
        ca_file: certificates (PEM) to trust instead of the usual ones.
    """

    max_message_bytes: int = 16 * 1024 * 1024
    max_stream_bytes: int = 32 * 1024 * 1024
    max_messages: int = 10_000
    max_channels: int = 100
    reflection_seconds: float = 10.0
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceConfig:
    """Where resources may come from, beside http(s).

    Attributes:
        folders: below which `file:` and relative references are found; with none, no file is ever read.
        default_catalog: root URI of the catalog that documents call `default`.
        max_bytes: of one resource.
        max_imports: files that one .proto may pull in.
    """

    folders: tuple[Path, ...] = ()
    default_catalog: str | None = None
    max_bytes: int = 8 * 1024 * 1024
    max_imports: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsConfig:
    """Everything about outbound calls but HTTP's own bounds.

    Attributes:
        addresses: which addresses may be reached, by any call.
        resolver: names to addresses, for tests and for resolvers of one's own.
    """

    addresses: AddressPolicy = field(default_factory=AddressPolicy)
    resources: ResourceConfig = field(default_factory=ResourceConfig)
    grpc: GrpcConfig = field(default_factory=GrpcConfig)
    resolver: Resolver = system_resolver
