"""Requests over HTTP, bounded in size and time: what calls, resources and token requests have in common."""

import ssl
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx

from stigmer_engine.calls.config import HttpConfig
from stigmer_engine.calls.network import AddressRefused, CheckedTransport, Network
from stigmer_engine.calls.quiet_logs import unlogged
from stigmer_engine.faults import Fault, fault

MAX_REDIRECTS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A request, ready to be sent.

    Attributes:
        shown: how errors name it; holds no secret.
        secret_headers: names, in lower case, of headers that must not follow a redirect to another origin.
        secret_body: the body must not follow either; a redirect that asks for that is refused.
        auth: sees the request and its answers as httpx defines it; not applied at another origin.
    """

    request: httpx.Request
    shown: str
    redirect: bool = False
    secret_headers: frozenset[str] = frozenset()
    secret_body: bool = False
    auth: httpx.Auth | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A response whose body has been read; any status."""

    response: httpx.Response
    body: bytes


class HttpClient:
    """One connection pool for all executions; close it when done."""

    def __init__(self, config: HttpConfig | None = None, network: Network | None = None) -> None:
        self.config = config or HttpConfig()
        self.network = network or Network()
        self._client = httpx.AsyncClient(
            transport=self.config.transport or self._transport(),
            timeout=httpx.Timeout(self.config.idle_seconds, connect=self.config.connect_seconds),
            # trust_env would read ~/.netrc, and send what it finds there in the name of any workflow.
            trust_env=False,
            # A cookie that one execution was given is no business of another one.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            headers={"user-agent": "stigmer"},
        )

    def _transport(self) -> CheckedTransport:
        context = ssl.create_default_context()
        if self.config.ca_file is not None:
            context.load_verify_locations(self.config.ca_file)
        return CheckedTransport(
            self.network,
            context=context,
            max_connections=self.config.max_connections,
            keep_alive=self.config.keep_alive_seconds,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def build(
        self, method: str, url: httpx.URL, headers: dict[str, str] | None = None, content: bytes | None = None
    ) -> httpx.Request:
        """A request within the limits.

        Raises:
            Fault: `configuration`, for anything that is not an http(s) request or is too large.
        """
        if url.scheme not in ("http", "https") or not url.host:
            raise fault("configuration", "The URI of the call is not an http(s) URI", f"scheme {url.scheme!r}")
        if url.userinfo:
            raise fault("configuration", "The URI holds credentials", "put them under `authentication`")
        if content is not None and len(content) > self.config.max_request_bytes:
            limit = self.config.max_request_bytes
            raise fault("configuration", "The body of the request is too large", f"more than {limit} bytes")
        try:
            request = self._client.build_request(method, url, headers=list((headers or {}).items()), content=content)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeEncodeError, ValueError) as error:
            raise fault("configuration", "The request cannot be built", type(error).__name__) from None
        if sum(len(name) + len(value) for name, value in request.headers.raw) > self.config.max_header_bytes:
            limit = self.config.max_header_bytes
            raise fault("configuration", "The headers of the request are too large", f"more than {limit} bytes")
        return request

    async def send(self, outgoing: Outgoing) -> Received:
        """Send the request, follow redirects if asked to, and read the body.

        Raises:
            Fault: `authorization` for a refused address, at whichever hop; `communication` for everything that
                fails on the way. A status that tells of an error is the caller's to judge.
        """
        shown = outgoing.shown
        try:
            with unlogged():
                return await self._follow(outgoing)
        except AddressRefused as error:
            raise error.fault from None
        except httpx.TimeoutException as error:
            raise fault("communication", "The peer does not answer", f"{shown}: {type(error).__name__}") from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise fault("communication", "The call failed", f"{shown}: {error or type(error).__name__}") from None
        except Fault:
            raise
        except Exception as error:
            # Libraries below httpx, and transports of one's own, raise what they like.
            raise fault("communication", "The call failed", f"{shown}: {type(error).__name__}") from None

    async def _follow(self, outgoing: Outgoing) -> Received:
        first = request = outgoing.request
        for _hop in range(MAX_REDIRECTS + 1):
            auth = outgoing.auth if same_origin(request.url, first.url) else None
            response = await self._client.send(request, auth=auth, stream=True, follow_redirects=False)
            try:
                if not (outgoing.redirect and response.next_request):
                    return Received(response=response, body=await self._read(response, outgoing.shown))
            finally:
                await response.aclose()
            request = response.next_request
            if not same_origin(request.url, first.url):
                if outgoing.secret_body and request.method == first.method:
                    raise fault(
                        "authorization",
                        "The redirect would hand secrets on",
                        f"{outgoing.shown}: the body holds a secret, and {request.url.host} is another origin",
                    )
                for name in outgoing.secret_headers:
                    request.headers.pop(name, None)
        raise fault("communication", "Too many redirects", f"{outgoing.shown}: more than {MAX_REDIRECTS}")

    async def _read(self, response: httpx.Response, shown: str) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > self.config.max_response_bytes:
                limit = self.config.max_response_bytes
                raise fault("communication", "The response is too large", f"{shown}: more than {limit} bytes")
        return bytes(body)


def same_origin(one: httpx.URL, other: httpx.URL) -> bool:
    """Whether scheme, host and port are the same."""
    return (one.scheme, one.host, _port(one)) == (other.scheme, other.host, _port(other))


def _port(url: httpx.URL) -> int | None:
    return url.port or {"http": 80, "https": 443}.get(url.scheme)
