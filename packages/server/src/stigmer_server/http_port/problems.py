"""Refusals as problem details (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from stigmer_dsl.json_types import JsonObject
from stigmer_ports.http_port.problems import problem_response
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ValidationProblem

from stigmer_server.refusals import Reason, Refused

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
