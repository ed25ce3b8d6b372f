"""Routes of the HTTP port. Errors are problem details (RFC 9457)."""

from collections.abc import Callable
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from stigmer_runner.authentication import Authentication
from stigmer_runner.executions import Executions, Run
from stigmer_runner.http_port.sse import event_stream
from stigmer_runner.http_port.view import status_view
from stigmer_runner.refusals import Reason, Refused

_STATUS = {
    Reason.EXECUTION_NOT_FOUND: HTTPStatus.NOT_FOUND,
    Reason.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    Reason.INVALID_REQUEST: HTTPStatus.BAD_REQUEST,
}
_MAX_SEQUENCE_DIGITS = 18


def execution_path(execution_id: str) -> str:
    """The path of the status URL; `/events` after it gives the events."""
    return f"/api/v1/executions/{execution_id}"


def build_app(*, executions: Executions, authentication: Authentication, ready: Callable[[], bool]) -> Starlette:
    """The ASGI application. Probes are open; everything under `/api` needs the runner's key when it has one."""

    def find(request: Request) -> Run:
        authentication.check(request.headers.get("authorization"))
        return executions.find(request.path_params["execution_id"])

    async def status(request: Request) -> Response:
        run = find(request)
        view = status_view(run.execution.snapshot, execution_id=run.id, top_level_tasks=run.top_level_tasks)
        return JSONResponse(view, headers={"cache-control": "no-store"})

    async def events(request: Request) -> Response:
        run = find(request)
        after = _after(request)
        if run.log.closed and after >= run.log.size:
            # Tells an EventSource that reconnects after the end to stop (WHATWG HTML, section 9.2.1).
            return Response(status_code=HTTPStatus.NO_CONTENT)
        return StreamingResponse(
            event_stream(run.log, after),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def livez(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        if ready():
            return PlainTextResponse("ok\n")
        return PlainTextResponse("shutting down\n", status_code=HTTPStatus.SERVICE_UNAVAILABLE)

    return Starlette(
        routes=[
            Route("/api/v1/executions/{execution_id}", status),
            Route("/api/v1/executions/{execution_id}/events", events),
            Route("/livez", livez),
            Route("/readyz", readyz),
        ],
        exception_handlers={Refused: _refused, HTTPException: _http_error},
    )


def _after(request: Request) -> int:
    """The sequence number after which to begin: header `Last-Event-ID`, else the query `after`, else 0."""
    text = request.headers.get("last-event-id") or request.query_params.get("after") or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_SEQUENCE_DIGITS):
        raise Refused(Reason.INVALID_REQUEST, "Last-Event-ID (or `after`) must be a sequence number, 0 or more")
    return int(text)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return _problem(_STATUS[error.reason], error.message)


async def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _problem(HTTPStatus(error.status_code), error.detail)


def _problem(status: HTTPStatus, detail: str) -> Response:
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    headers = {"www-authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else None
    return JSONResponse(body, status_code=status, media_type="application/problem+json", headers=headers)
