"""The world of a fuzzed run: every call gets an answer drawn by chance, good or bad, and nothing leaves the process."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Final

import httpx
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_engine import Fault
from stigmer_engine.faults import STANDARD_STATUS, fault
from stigmer_engine.interpreter.port import CallRequest

from .values import deep, random_value

_TRANSPORT_CALLS: Final = frozenset({"http", "resource"})
_STATUSES: Final = (200, 200, 200, 200, 200, 201, 204, 301, 302, 307, 400, 401, 404, 429, 500, 503, 999)
_TYPES: Final = (
    "application/json", "application/json; charset=latin-1", "text/plain", "text/html; charset=nowhere",
    "text/plain; charset=hex", "text/plain; charset=undefined", "text/xml; charset=idna", "application/x-yaml",
    "application/octet-stream", "image/png", "application/problem+json", "", ";;",
)  # fmt: skip
_OPENAPI: Final[JsonObject] = {
    "openapi": "3.0.3",
    "info": {"title": "Pets", "version": "1"},
    "servers": [{"url": "https://api.example/v1"}],
    "paths": {
        "/pets/{id}": {
            "get": {
                "operationId": "getPet",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
                "responses": {"200": {"description": "ok"}},
            }
        }
    },
}
_TEXTS: Final = (
    json.dumps(_OPENAPI),
    'syntax = "proto3"; package demo; service Greeter { rpc SayHello (M) returns (M); } message M { string name = 1; }',
    '{"access_token": "t", "token_type": "Bearer", "expires_in": 3600}',
    '{"access_token": 1, "expires_in": "soon"}',
    '{"token_endpoint": "https://id.example/token"}',
    "document: {dsl: 1.0.0, namespace: a, name: b, version: 1.0.0}\ndo: [{a: {set: {b: 1}}}]",
    "set: {a: '${ . }'}",
    "print('hello')",
    "NaN",
    "1e999",
    '"\\ud800"',
    '{"a": ${ .b }}',
    "9" * 5000,
)


@dataclass(frozen=True, slots=True)
class World(httpx.AsyncBaseTransport):
    """An httpx transport and an interceptor of all other calls."""

    random: Random

    async def intercept(self, request: CallRequest, perform: Callable[[], Awaitable[JsonValue]]) -> JsonValue:
        """Perform what ends in HTTP, answer everything else. Raises Fault."""
        if request.kind in _TRANSPORT_CALLS or request.kind == "emit":
            return await perform()
        await self._take_time()
        if self.random.random() < 0.3:
            raise self._fault()
        return random_value(self.random)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Any answer. Raises what httpx raises when there is none."""
        await request.aread()
        await self._take_time()
        draw = self.random.random()
        if draw < 0.06:
            raise self.random.choice((httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError))("by chance")
        headers = {"content-type": self.random.choice(_TYPES)}
        status = self.random.choice(_STATUSES)
        if 300 <= status < 400:
            headers["location"] = self.random.choice(
                (
                    "/other",
                    "https://other.example/",
                    "ftp://x",
                    "",
                    "http://[::1",
                    "https://api.example:99999/",
                    "//",
                    "\x7f",
                )
            )
        if status == 401:
            headers["www-authenticate"] = self.random.choice(
                (
                    'Digest realm="r", nonce="n", qop="auth"',
                    "Digest",
                    'Digest realm="',
                    "Basic",
                    "",
                    "Digest nonce=1, qop=x",
                )
            )
        return httpx.Response(status, headers=headers, content=self._body())

    async def resolve(self, _host: str, _port: int) -> tuple[str, ...]:
        """A name is never looked up."""
        return ("203.0.113.7",)

    def _body(self) -> bytes:
        draw = self.random.random()
        if draw < 0.5:
            return json.dumps(random_value(self.random)).encode()
        if draw < 0.9:
            return self.random.choice(_TEXTS).encode()
        if draw < 0.95:
            return json.dumps(deep(self.random.choice((200, 255, 256, 257, 300)))).encode()
        return self.random.randbytes(self.random.randrange(60))

    async def _take_time(self) -> None:
        await asyncio.sleep(self.random.choice((0, 0, 0.5, 3, 3600)))

    def _fault(self) -> Fault:
        return fault(self.random.choice(tuple(STANDARD_STATUS)), "By chance")
