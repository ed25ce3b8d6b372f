"""Routes of the HTTP port. Errors are problem details (RFC 9457)."""

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import quote, unquote

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from stigmer_ports.http_port.metrics import metrics_endpoint
from stigmer_ports.http_port.problems import on_failure_of, on_http_error, problem_response

from stigmer_runner.authentication import Authentication
from stigmer_runner.executions import Executions, KnownExecution, RegisteredDocuments
from stigmer_runner.http_port.sse import event_stream
from stigmer_runner.http_port.view import ENDED, documents_view, status_view
from stigmer_runner.refusals import Reason, Refused

_STATUS = {
    Reason.EXECUTION_NOT_FOUND: HTTPStatus.NOT_FOUND,
    Reason.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    Reason.INVALID_REQUEST: HTTPStatus.BAD_REQUEST,
    Reason.TEMPORAL_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    Reason.STORE_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    Reason.EXECUTION_STUCK: HTTPStatus.SERVICE_UNAVAILABLE,
    Reason.SHUTTING_DOWN: HTTPStatus.SERVICE_UNAVAILABLE,
}
_MAX_SEQUENCE_DIGITS = 18
_EXECUTIONS = "/api/v1/executions/"
_FRESH = {"cache-control": "no-store"}


def build_app(
    *,
    executions: Executions,
    documents: RegisteredDocuments,
    event_source: ASGIApp,
    authentication: Authentication,
    ready: Callable[[], bool],
    metrics: CollectorRegistry,
) -> Starlette:
    """The ASGI application. Probes and metrics are open; all under `/api` needs the runner's key when it has one.

    `event_source` is given what is posted to `/api/v1/events`.
    """

    async def execution(request: Request) -> Response:
        authentication.check(request.headers.get("authorization"))
        execution_id, of_events = _asked_for(request)
        found = await executions.find(execution_id)
        return await (_events(request, found) if of_events else _status(found))

    async def listed(request: Request) -> Response:
        authentication.check(request.headers.get("authorization"))
        return JSONResponse(await documents_view(documents.entries), headers=_FRESH)

    async def livez(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        if ready():
            return PlainTextResponse("ok\n")
        return PlainTextResponse("shutting down\n", status_code=HTTPStatus.SERVICE_UNAVAILABLE)

    return Starlette(
        routes=[
            Route(f"{_EXECUTIONS}{{rest:path}}", execution),
            Route("/api/v1/documents", listed),
            Route("/api/v1/events", _Guarded(event_source, authentication)),
            Route("/livez", livez),
            Route("/readyz", readyz),
            Route("/metrics", metrics_endpoint(metrics)),
        ],
        exception_handlers={Refused: _refused, HTTPException: on_http_error, Exception: on_failure_of("runner")},
    )


class _Guarded:
    """An application behind the runner's key. An object, so that Starlette's `Route` takes it for an application."""

    def __init__(self, app: ASGIApp, authentication: Authentication) -> None:
        self._app = app
        self._authentication = authentication

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._authentication.check(Request(scope).headers.get("authorization"))
        await self._app(scope, receive, send)


def _asked_for(request: Request) -> tuple[str, bool]:
    """The execution id of a path, and whether its events are wanted.

    Read from the path as it was sent: the id of a sub-workflow has a slash, encoded or not.
    """
    raw: bytes = request.scope.get("raw_path") or quote(request.url.path).encode()
    segments = raw.decode("latin-1").removeprefix(_EXECUTIONS).split("/")
    of_events = len(segments) > 1 and segments[-1] == "events"
    return unquote("/".join(segments[:-1] if of_events else segments)), of_events


async def _status(execution: KnownExecution) -> Response:
    return JSONResponse(status_view(await execution.state(), execution_id=execution.id), headers=_FRESH)


async def _events(request: Request, execution: KnownExecution) -> Response:
    after = _after(request)
    snapshot = (await execution.state()).snapshot
    if snapshot.status in ENDED and after >= snapshot.sequence_number:
        # Tells an EventSource that reconnects after the end to stop (WHATWG HTML, section 9.2.1).
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return StreamingResponse(
        event_stream(execution.follow(after)),
        media_type="text/event-stream",
        headers={**_FRESH, "x-accel-buffering": "no"},
    )


def _after(request: Request) -> int:
    """The sequence number after which to begin: header `Last-Event-ID`, else the query `after`, else 0."""
    text = request.headers.get("last-event-id") or request.query_params.get("after") or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_SEQUENCE_DIGITS):
        raise Refused(Reason.INVALID_REQUEST, "Last-Event-ID (or `after`) must be a sequence number, 0 or more")
    return int(text)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return problem_response(_STATUS[error.reason], error.message)
