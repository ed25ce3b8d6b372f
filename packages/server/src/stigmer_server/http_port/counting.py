"""Counts what the HTTP port answers, by the templates of its routes."""

from collections.abc import Callable, Iterable
from typing import Any

from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SWITCHING_PROTOCOLS = 101


class CountedRequests:
    """Tells `count` method, route and code of each answer when it begins. Plain ASGI, so that streams pass through."""

    def __init__(
        self, app: ASGIApp, routes: Iterable[BaseRoute], count: Callable[[str, str | None, int], None]
    ) -> None:
        self._app = app
        self._count = count
        self._templates: dict[Any, str] = {
            route.endpoint: route.path.replace(":path}", "}")
            for route in routes
            if isinstance(route, Route | WebSocketRoute)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a connection on."""

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._count(scope["method"], self._route(scope), message["status"])
            elif message["type"] == "websocket.accept":
                self._count("GET", self._route(scope), _SWITCHING_PROTOCOLS)
            await send(message)

        await self._app(scope, receive, send_counted)

    def _route(self, scope: Scope) -> str | None:
        """The router leaves the endpoint it found in the scope."""
        return self._templates.get(scope.get("endpoint"))
