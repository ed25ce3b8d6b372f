"""Events in: an ASGI application that puts what is posted to it on a bus (CloudEvents HTTP protocol binding 1.0.2)."""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Protocol

from stigmer_dsl.json_types import JsonObject

from stigmer_engine.bus.port import EventBus
from stigmer_engine.cloud_events.event import InvalidEvent, UnknownMode
from stigmer_engine.on_demand import load_part

# The types of the ASGI specification itself, which gives its messages no narrower shape.
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

_PROBLEM: Final = b"application/problem+json"


class Decode(Protocol):
    """Reads the events of a message."""

    def __call__(self, headers: Mapping[str, str], body: bytes, *, max_events: int) -> list[JsonObject]:
        """The events. Raises InvalidEvent; UnknownMode for a message that is in no mode of the binding."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSourceConfig:
    """Bounds of what is taken in.

    Attributes:
        max_body_bytes: of one request.
        max_batch_events: of one request in batch mode.
    """

    max_body_bytes: int = 1024 * 1024
    max_batch_events: int = 1000


def event_source(bus: EventBus, config: EventSourceConfig | None = None) -> Application:
    """An ASGI application for any path: POST events in structured, binary or batch mode.

    Answers 202 once every event of the request is on the bus; a batch with one invalid event is refused whole.
    400 for what is no event, 405, 413 and 415 as HTTP says, each with a problem document (RFC 9457). Who may post is
    the business of whoever mounts it.
    """
    return _EventSource(bus, config or EventSourceConfig())


class _EventSource:
    """An object and not a function, so that Starlette's `Route` takes it for an application."""

    def __init__(self, bus: EventBus, bounds: EventSourceConfig) -> None:
        self._bus = bus
        self._bounds = bounds

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError(f"this application serves HTTP, not {scope['type']}")
        if scope["method"] != "POST":
            await _refuse(send, HTTPStatus.METHOD_NOT_ALLOWED, "Post events to this address.", allow=b"POST")
            return
        try:
            body = await _body(receive, self._bounds.max_body_bytes)
        except _SenderLeft:
            return
        if body is None:
            detail = f"A request may have {self._bounds.max_body_bytes} bytes."
            await _refuse(send, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            decode: Decode = load_part("event messages").decode
            events = decode(headers, body, max_events=self._bounds.max_batch_events)
        except UnknownMode as error:
            await _refuse(send, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, _sentence(error))
            return
        except InvalidEvent as error:
            await _refuse(send, HTTPStatus.BAD_REQUEST, _sentence(error))
            return
        for event in events:
            self._bus.receive(event)
        await _answer(send, HTTPStatus.ACCEPTED, b"", [])


class _SenderLeft(Exception):
    """The connection was closed before the whole body had come: what has come is not the event."""


async def _body(receive: Receive, limit: int) -> bytes | None:
    """The whole body, or None when it is larger than the limit. Raises _SenderLeft."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _SenderLeft
        body += message.get("body", b"")
        if len(body) > limit:
            return None
        if not message.get("more_body", False):
            return bytes(body)


async def _refuse(send: Send, status: HTTPStatus, detail: str, *, allow: bytes | None = None) -> None:
    problem: JsonObject = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
    }
    headers = [(b"content-type", _PROBLEM)]
    if allow is not None:
        headers.append((b"allow", allow))
    await _answer(send, status, json.dumps(problem).encode(), headers)


async def _answer(send: Send, status: HTTPStatus, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status.value, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


def _sentence(error: InvalidEvent) -> str:
    text = str(error)
    return text[:1].upper() + text[1:] + "."
