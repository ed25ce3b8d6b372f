"""The one way out: every connection resolves its host, has each address judged, and goes to a judged address.

The check and the connection use the same answer of the resolver, so a name that changes in between (DNS rebinding)
gains nothing. Redirects, resources and token requests open their connections here too.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Iterable
from typing import Final

import httpcore
import httpx

from stigmer_engine.calls.address_policy import AddressPolicy, AddressRefused
from stigmer_engine.calls.resolver import Resolver, system_resolver

SOCKET_OPTIONS: Final = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)
_FAILURES: Final = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)


class Network:
    """Resolves hosts under an address policy."""

    def __init__(self, policy: AddressPolicy | None = None, resolver: Resolver = system_resolver) -> None:
        self.policy = policy or AddressPolicy()
        self._resolver = resolver

    async def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """The addresses of a host; one that is refused refuses the host.

        Raises:
            AddressRefused: by name or by address.
            OSError: the name does not resolve.
        """
        bare = host.removeprefix("[").removesuffix("]")
        self.policy.check_host(bare)
        found = await self._resolver(bare, port)
        if not found:
            raise OSError(f"{bare} has no address")
        for address in found:
            # A name with a refused address among others is an attempt, or a mistake; neither is worth a connection.
            self.policy.check_address(bare, str(ipaddress.ip_address(address)))
        return found


class _CheckedBackend(httpcore.AsyncNetworkBackend):
    """Connects to checked addresses only; TLS still verifies the name that was asked for."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._sockets = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._network.addresses(host, port)
        except TimeoutError:
            raise httpcore.ConnectTimeout(f"{host} was not resolved in time") from None
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in addresses:
            try:
                return await self._sockets.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        assert failure is not None
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002 - the interface's
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002 - the interface's
    ) -> httpcore.AsyncNetworkStream:
        raise httpcore.ConnectError(f"{path}: sockets of this machine are not for workflows")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class CheckedTransport(httpx.AsyncBaseTransport):
    """httpx on httpcore's pool with our backend: httpx's own transport offers no way to give it one."""

    def __init__(self, network: Network, *, context: ssl.SSLContext, max_connections: int, keep_alive: float) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=keep_alive,
            network_backend=_CheckedBackend(network),
            socket_options=SOCKET_OPTIONS,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. Raises AddressRefused and what httpx's own transport raises."""
        assert isinstance(request.stream, httpx.AsyncByteStream)
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            response = await self._pool.handle_async_request(sent)
        except _FAILURES as error:
            raise _translated(error) from error
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Stream(response),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._response.aiter_stream():
                yield part
        except _FAILURES as error:
            raise _translated(error) from error

    async def aclose(self) -> None:
        await self._response.aclose()


def _translated(error: Exception) -> httpx.TransportError:
    """httpx's exception of the same name."""
    kind = getattr(httpx, type(error).__name__, httpx.TransportError)
    translated: httpx.TransportError = kind(str(error))
    return translated


__all__ = ["AddressRefused", "CheckedTransport", "Network"]
