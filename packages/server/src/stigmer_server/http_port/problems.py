"""Refusals as problem details (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from stigmer_dsl.json_types import JsonObject
from stigmer_ports.logs import get_logger
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ValidationProblem

from stigmer_server.refusals import Reason, Refused

log = get_logger(__name__)

_STATUS: Final[Mapping[Reason, HTTPStatus]] = MappingProxyType(
    {
        Reason.INVALID_REQUEST: HTTPStatus.BAD_REQUEST,
        Reason.INVALID_SPEC: HTTPStatus.UNPROCESSABLE_ENTITY,
        Reason.INVALID_TRANSITION: HTTPStatus.CONFLICT,
        Reason.MESSAGE_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        Reason.NOT_FOUND: HTTPStatus.NOT_FOUND,
        Reason.ALREADY_EXISTS: HTTPStatus.CONFLICT,
        Reason.IN_USE: HTTPStatus.CONFLICT,
        Reason.WRONG_STATE: HTTPStatus.CONFLICT,
        Reason.EVENTS_MISSING: HTTPStatus.CONFLICT,
        Reason.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
        Reason.NOT_ALLOWED: HTTPStatus.FORBIDDEN,
        Reason.TOO_MANY_REQUESTS: HTTPStatus.TOO_MANY_REQUESTS,
        Reason.TRY_AGAIN: HTTPStatus.SERVICE_UNAVAILABLE,
        Reason.RUNNER_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
        Reason.NOT_SUPPORTED: HTTPStatus.NOT_IMPLEMENTED,
    }
)
_HEADERS: Final[Mapping[HTTPStatus, Mapping[str, str]]] = MappingProxyType(
    {
        HTTPStatus.UNAUTHORIZED: {"www-authenticate": "Bearer"},
        HTTPStatus.TOO_MANY_REQUESTS: {"retry-after": "1"},
        HTTPStatus.SERVICE_UNAVAILABLE: {"retry-after": "1"},
    }
)


def status_of(reason: Reason) -> HTTPStatus:
    """The HTTP status of a reason; every reason has one."""
    return _STATUS[reason]


def refused_response(refused: Refused) -> Response:
    """The answer to a request that cannot be done."""
    problems: list[JsonObject] = [problem_json(problem) for problem in refused.problems]
    more = {"reason": str(refused.reason), "field": refused.field, "problems": problems}
    return problem_response(
        _STATUS[refused.reason], refused.message, {key: value for key, value in more.items() if value}
    )


def problem_response(status: HTTPStatus, detail: str, more: JsonObject | None = None) -> Response:
    """A problem document with the members of RFC 9457 and `more`."""
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail, **(more or {})}
    headers = {"cache-control": "no-store", **_HEADERS.get(status, {})}
    return JSONResponse(body, status_code=status, media_type="application/problem+json", headers=headers)


def problem_json(problem: ValidationProblem) -> JsonObject:
    """A finding about a document; `line` and `column` count from 1 and are 0 when it has no place."""
    return {
        "code": problem.code,
        "severity": problem.severity,
        "message": problem.message,
        "hint": problem.hint,
        "pointer": problem.pointer,
        "source": problem.source,
        "line": problem.line,
        "column": problem.column,
    }


async def on_refused(_request: Request, error: Exception) -> Response:
    """Exception handler for Refused."""
    assert isinstance(error, Refused)
    return refused_response(error)


async def on_http_error(_request: Request, error: Exception) -> Response:
    """Exception handler for what starlette itself refuses: an unknown path, a wrong method."""
    assert isinstance(error, HTTPException)
    response = problem_response(HTTPStatus(error.status_code), error.detail)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


async def on_failure(request: Request, error: Exception) -> Response:
    """Exception handler for everything else: the log has the reason, the answer does not."""
    log.error("request failed", path=request.url.path, method=request.method, exc_info=error)
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, "the server failed; its log tells why")
