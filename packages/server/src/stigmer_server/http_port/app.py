"""The application of the HTTP port: routes, errors and what stands around them."""

from http import HTTPStatus
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from stigmer_ports.http_port.metrics import metrics_endpoint
from stigmer_ports.http_port.problems import on_failure_of, on_http_error

from stigmer_server.application import Application
from stigmer_server.config import Settings
from stigmer_server.http_port.bodies import Bodies
from stigmer_server.http_port.callers import Callers
from stigmer_server.http_port.counting import CountedRequests
from stigmer_server.http_port.executions import FRESH, ExecutionRoutes
from stigmer_server.http_port.live_page import page_routes
from stigmer_server.http_port.openapi import openapi_document
from stigmer_server.http_port.problems import on_refused
from stigmer_server.http_port.security import SecurityHeaders
from stigmer_server.http_port.stopping import Stopping
from stigmer_server.http_port.websocket import EventSocket
from stigmer_server.http_port.workflows import WorkflowRoutes
from stigmer_server.refusals import Refused
from stigmer_server.store.outbox import count_orders

_DAY_SECONDS: Final = 86_400


class HttpApp:
    """The ASGI application (`asgi`), its `routes`, and what ends its streams (`stopping`).

    Probes, metrics, the page's files and the API's description are open; everything else under `/api` needs a key.
    """

    def __init__(self, core: Application, settings: Settings) -> None:
        self.stopping = Stopping()
        self._core = core
        self._callers = Callers(core)
        bodies = Bodies(max_bytes=settings.stigmer_server_max_message_bytes)
        executions = ExecutionRoutes(core, self._callers, bodies, self.stopping)
        self.routes: list[BaseRoute] = [
            *executions.routes(),
            *WorkflowRoutes(core, self._callers, bodies).routes(),
            WebSocketRoute("/api/v1/executions/{id:path}/ws", EventSocket(core, self.stopping).serve),
            Route("/api/v1/me", self._me),
            Route("/api/v1/openapi.json", _openapi),
            Route("/healthz", _healthz),
            Route("/readyz", self._readyz),
            Route("/metrics", metrics_endpoint(core.metrics.registry, refresh=self._look_at_outbox)),
            *page_routes(),
        ]
        starlette = Starlette(
            routes=self.routes,
            middleware=_cors(settings.cors_origins),
            exception_handlers={Refused: on_refused, HTTPException: on_http_error, Exception: on_failure_of("server")},
        )
        # Around everything, so that failures have the headers too.
        self.asgi = CountedRequests(SecurityHeaders(starlette), self.routes, core.metrics.http_request)

    async def _me(self, request: Request) -> Response:
        """Whose key it is."""
        caller = await self._callers.reader(request)
        return JSONResponse({"name": caller.name, "role": str(caller.role)}, headers=FRESH)

    async def _look_at_outbox(self) -> None:
        try:
            self._core.metrics.outbox(await self._core.database.read(count_orders))
        except Refused:
            self._core.metrics.outbox(None)

    async def _readyz(self, _request: Request) -> Response:
        """Whether the store answers and the server is not about to stop."""
        if self.stopping.requested:
            return PlainTextResponse("shutting down\n", status_code=HTTPStatus.SERVICE_UNAVAILABLE)
        await self._core.database.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar_one())
        return PlainTextResponse("ok\n")


def _cors(origins: tuple[str, ...]) -> list[Middleware]:
    """Nothing for other origins unless they are listed."""
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["authorization", "content-type", "idempotency-key", "last-event-id"],
            expose_headers=["location"],
            max_age=_DAY_SECONDS,
        )
    ]


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _openapi(_request: Request) -> Response:
    return JSONResponse(openapi_document(), headers={"access-control-allow-origin": "*"})
