"""What an HTTP port cannot do, as problem details (RFC 9457)."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from stigmer_dsl.json_types import JsonObject

from stigmer_ports.logs import get_logger

log = get_logger(__name__)

_HEADERS: Final[Mapping[HTTPStatus, Mapping[str, str]]] = MappingProxyType(
    {
        HTTPStatus.UNAUTHORIZED: {"www-authenticate": "Bearer"},
        HTTPStatus.TOO_MANY_REQUESTS: {"retry-after": "1"},
        HTTPStatus.SERVICE_UNAVAILABLE: {"retry-after": "1"},
    }
)


def problem_response(status: HTTPStatus, detail: str, more: JsonObject | None = None) -> Response:
    """A problem document with the members of RFC 9457 and `more`."""
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail, **(more or {})}
    headers = {"cache-control": "no-store", **_HEADERS.get(status, {})}
    return JSONResponse(body, status_code=status, media_type="application/problem+json", headers=headers)


async def on_http_error(_request: Request, error: Exception) -> Response:
    """Exception handler for what starlette itself refuses: an unknown path, a wrong method."""
    assert isinstance(error, HTTPException)
    response = problem_response(HTTPStatus(error.status_code), error.detail)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


def on_failure_of(service: str) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Exception handler for everything else: the log has the reason, the answer does not."""

    async def on_failure(request: Request, error: Exception) -> Response:
        log.error("request failed", path=request.url.path, method=request.method, exc_info=error)
        return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, f"the {service} failed; its log tells why")

    return on_failure
