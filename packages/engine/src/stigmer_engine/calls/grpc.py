"""gRPC calls without generated code (dsl.md 1.5, `call: grpc`)."""

import asyncio
import base64
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import grpc
from google.protobuf import json_format
from google.protobuf.message import Message
from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.calls.authorization import Authorization, Authorizer
from stigmer_engine.calls.caller import Caller
from stigmer_engine.calls.config import GrpcConfig
from stigmer_engine.calls.connections import Connections
from stigmer_engine.calls.grpc_channels import Channels, Target
from stigmer_engine.calls.grpc_method import Method, Services
from stigmer_engine.calls.grpc_reflection import describe
from stigmer_engine.calls.network import Network
from stigmer_engine.faults import Fault, fault
from stigmer_engine.secrets import SecretVault

# google/rpc/code.proto says which HTTP status each code stands for.
HTTP_STATUS: Final[dict[str, int]] = {
    "CANCELLED": 499,
    "UNKNOWN": 500,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "UNAUTHENTICATED": 401,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DATA_LOSS": 500,
}
_KEPT: Final = 64
_DESCRIBED_SECONDS: Final = 300.0
# The task's own timeout must be the first to fire: the peer is told a moment more.
_GRACE_SECONDS: Final = 1.0


def build_caller(connections: Connections) -> Caller:
    """The caller of `grpc`; it is closed with the connections."""
    caller = GrpcCaller(connections.config.grpc, connections.network, connections.authorizer, connections.clock)
    connections.exits.push_async_callback(caller.close)
    return caller


class GrpcCaller:
    """Performs `call: grpc`; close it when done."""

    def __init__(
        self, config: GrpcConfig, network: Network, authorizer: Authorizer, clock: Callable[[], float]
    ) -> None:
        self._config = config
        self._authorizer = authorizer
        self._clock = clock
        self._channels = Channels(
            network,
            max_message_bytes=config.max_message_bytes,
            max_channels=config.max_channels,
            ca_file=config.ca_file,
        )
        self._services: OrderedDict[str, Services] = OrderedDict()
        self._described: OrderedDict[tuple[Target, str], tuple[float, bytes]] = OrderedDict()

    async def close(self) -> None:
        """Close the channels."""
        await self._channels.close()

    async def call(self, arguments: JsonObject, vault: SecretVault) -> JsonValue:
        """Call the method and give its response as JSON; the array of responses when it streams them.

        Args:
            arguments: `service {name, host, port}`, `method`, `arguments`, `authentication`, `deadline` (Unix seconds
                or null), and `descriptors` (FileDescriptorSet in base64) or `reflection` (`grpc://host:port`).
            vault: fills secrets in, takes them out.

        Raises:
            Fault: `communication` with the HTTP status that the gRPC status stands for; `configuration` for what does
                not fit the proto; `authorization` for a refused address.
        """
        known = vault
        try:
            authorization = await self._authorizer.authorize(arguments.get("authentication"), vault)
            known = authorization.vault
            try:
                result = await self._call(arguments, authorization)
            except Fault as error:
                if error.error.status != HTTP_STATUS["UNAUTHENTICATED"] or not authorization.renewable:
                    raise
                authorization = await self._authorizer.authorize(arguments["authentication"], vault, renew=True)
                known = authorization.vault
                result = await self._call(arguments, authorization)
        except Fault as error:
            raise Fault(known.scrub_error(error.error)) from None
        return known.scrub(result)

    async def _call(self, arguments: JsonObject, authorization: Authorization) -> JsonValue:
        filled = authorization.vault.fill({**arguments, "authentication": None, "descriptors": None})
        assert isinstance(filled, dict)
        service = filled["service"]
        assert isinstance(service, dict)
        port = service.get("port")
        target = Target.of(str(service["host"]), port if isinstance(port, int) else None)
        shown = f"{service['name']}/{filled['method']} at {target}"
        metadata = (("authorization", authorization.header),) if authorization.header else ()
        deadline = filled.get("deadline")
        left = None if not isinstance(deadline, int | float) else max(deadline - self._clock(), 0) + _GRACE_SECONDS
        try:
            services = await self._find(arguments, filled, target, metadata)
            method = services.method(str(service["name"]), str(filled["method"]))
            request = method.request(filled.get("arguments"))
            async with self._channels.open(target) as channel:
                if method.streams:
                    return await self._stream(channel, method, request, metadata, left)
                call = channel.unary_unary(
                    method.path,
                    request_serializer=type(request).SerializeToString,
                    response_deserializer=method.output.FromString,
                )
                return method.to_json(await call(request, metadata=metadata, timeout=left))
        except grpc.RpcError as error:
            raise _failed(error, shown) from None
        except json_format.SerializeToJsonError as error:
            raise fault("communication", "The response is not what it says", f"{shown}: {error}") from None

    async def _stream(
        self,
        channel: grpc.aio.Channel,
        method: Method,
        request: Message,
        metadata: tuple[tuple[str, str], ...],
        left: float | None,
    ) -> JsonValue:
        multi = channel.unary_stream(
            method.path,
            request_serializer=type(request).SerializeToString,
            response_deserializer=method.output.FromString,
        )
        call = multi(request, metadata=metadata, timeout=left)
        messages: list[JsonValue] = []
        size = 0
        try:
            async for message in call:
                size += message.ByteSize()
                if len(messages) >= self._config.max_messages or size > self._config.max_stream_bytes:
                    limits = f"{self._config.max_messages} messages and {self._config.max_stream_bytes} bytes"
                    raise fault("communication", "The response is too large", f"{method.path}: more than {limits}")
                messages.append(method.to_json(message))
        finally:
            call.cancel()
        return messages

    async def _find(
        self, arguments: JsonObject, filled: JsonObject, target: Target, metadata: tuple[tuple[str, str], ...]
    ) -> Services:
        encoded = arguments.get("descriptors")
        if isinstance(encoded, str):
            data = base64.b64decode(encoded)
        else:
            service = filled["service"]
            assert isinstance(service, dict)
            data = await self._describe(Target.of(str(filled["reflection"])), target, str(service["name"]), metadata)
        key = hashlib.sha256(data).hexdigest()
        services = self._services.get(key)
        if services is None:
            services = self._services[key] = await asyncio.to_thread(Services, data)
            if len(self._services) > _KEPT:
                self._services.popitem(last=False)
        return services

    async def _describe(
        self, where: Target, target: Target, service: str, metadata: tuple[tuple[str, str], ...]
    ) -> bytes:
        known = self._described.get((where, service))
        if known is not None and self._clock() < known[0]:
            return known[1]
        # Credentials are for the service; another peer that describes it has no business with them.
        own = metadata if where == target else ()
        async with self._channels.open(where) as channel:
            data = await describe(channel, service, own, self._config.reflection_seconds)
        self._described[(where, service)] = (self._clock() + _DESCRIBED_SECONDS, data)
        if len(self._described) > _KEPT:
            self._described.popitem(last=False)
        return data


def _failed(error: grpc.RpcError, shown: str) -> Fault:
    code: str = error.code().name
    details = error.details() if isinstance(error, grpc.aio.AioRpcError) else ""
    detail = f"{shown}: {details}" if details else shown
    return fault("communication", f"gRPC {code}", detail, status=HTTP_STATUS.get(code, 500))
