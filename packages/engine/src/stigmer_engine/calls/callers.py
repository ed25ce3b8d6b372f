"""All callers of one engine, on one connection pool."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from stigmer_engine.calls.address_policy import AddressPolicy
from stigmer_engine.calls.authorization import Authorizer
from stigmer_engine.calls.caller import Caller, GuardedCaller
from stigmer_engine.calls.function import FunctionReader, Load
from stigmer_engine.calls.grpc import GrpcCaller, GrpcConfig
from stigmer_engine.calls.http import HttpCaller
from stigmer_engine.calls.http_client import HttpClient, HttpConfig
from stigmer_engine.calls.network import Network, Resolver, system_resolver
from stigmer_engine.calls.oauth import OAuthTokens
from stigmer_engine.calls.openapi import OpenApiReader
from stigmer_engine.calls.proto import ProtoReader
from stigmer_engine.calls.resource import Reader, ResourceCaller, ResourceConfig


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


class Callers:
    """The callers by kind (`http`, `grpc`, `resource`). Close them when done."""

    def __init__(self, config: CallsConfig, http: HttpConfig, *, load: Load, clock: Callable[[], float]) -> None:
        network = Network(config.addresses, config.resolver)
        self._client = HttpClient(http, network)
        authorizer = Authorizer(OAuthTokens(self._client, clock))
        self._grpc = GrpcCaller(config.grpc, network, authorizer, clock)
        readers: dict[str, Reader] = {
            "function": FunctionReader(load),
            "openapi": OpenApiReader(),
            "proto": ProtoReader(config.resources.max_imports),
        }
        callers: dict[str, Caller] = {
            "http": HttpCaller(self._client, authorizer),
            "grpc": self._grpc,
            "resource": ResourceCaller(config.resources, self._client, authorizer, readers),
        }
        guarded = {kind: GuardedCaller(kind, caller) for kind, caller in callers.items()}
        self.by_kind: Mapping[str, Caller] = MappingProxyType(guarded)

    async def close(self) -> None:
        """Close all connections."""
        await self._grpc.close()
        await self._client.close()
