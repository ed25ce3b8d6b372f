"""Refusals as gRPC status: code, message, and `google.rpc` details that fit into one trailer."""

from dataclasses import dataclass
from typing import Any

from google.rpc import error_details_pb2, status_pb2
from grpclib.const import Status
from grpclib.encoding.base import StatusDetailsCodecBase
from grpclib.exceptions import GRPCError
from grpclib.metadata import encode_grpc_message
from stigmer_dsl import Problem
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ValidationProblem, ValidationProblems

from stigmer_runner.refusals import Reason, Refused

DOMAIN = "runner.stigmer.ai"

_STATUS = {
    Reason.INVALID_REQUEST: Status.INVALID_ARGUMENT,
    Reason.INVALID_DOCUMENT: Status.INVALID_ARGUMENT,
    Reason.INVALID_SPEC: Status.INVALID_ARGUMENT,
    Reason.MESSAGE_TOO_LARGE: Status.RESOURCE_EXHAUSTED,
    Reason.EXECUTION_NOT_FOUND: Status.NOT_FOUND,
    Reason.EXECUTION_DIFFERS: Status.ALREADY_EXISTS,
    Reason.WRONG_STATE: Status.FAILED_PRECONDITION,
    Reason.NO_DOCUMENT: Status.FAILED_PRECONDITION,
    Reason.TOO_MANY_EXECUTIONS: Status.RESOURCE_EXHAUSTED,
    Reason.SHUTTING_DOWN: Status.UNAVAILABLE,
    Reason.UNAUTHENTICATED: Status.UNAUTHENTICATED,
    Reason.SERVICE_UNAVAILABLE: Status.UNAVAILABLE,
    Reason.SERVICE_REFUSED: Status.FAILED_PRECONDITION,
    Reason.TEMPORAL_UNAVAILABLE: Status.UNAVAILABLE,
    Reason.STORE_UNAVAILABLE: Status.UNAVAILABLE,
    Reason.EXECUTION_STUCK: Status.UNAVAILABLE,
    Reason.NO_KEY_FOR_SECRETS: Status.FAILED_PRECONDITION,
}

# Clients accept 8 KiB of trailers by default (grpcio, Netty). The message is in there twice, percent-encoded and, like
# all details, in base64, which takes a third.
_MAX_TRAILER_BYTES = 7_400
_MAX_MESSAGE_BYTES = 1_200
_MAX_TEXT_CHARS = 180
_FRAME_BYTES = 350  # type names, lengths and the `ErrorInfo`


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One entry of `google.rpc.Status.details`: the full name of its message and its bytes."""

    name: str
    value: bytes


class DetailsCodec(StatusDetailsCodecBase):
    """Writes details whose messages come from two protobuf libraries; a server never reads any."""

    def encode(self, status: Status, message: str | None, details: Any) -> bytes:
        """The bytes of `grpc-status-details-bin`."""
        proto = status_pb2.Status(code=status.value, message=message or "")
        for detail in details:
            proto.details.add(type_url=f"type.googleapis.com/{detail.name}", value=detail.value)
        return bytes(proto.SerializeToString())

    def decode(self, status: Status, message: str | None, data: bytes) -> Any:
        """Not used by a server."""
        raise NotImplementedError


def grpc_error(refused: Refused) -> GRPCError:
    """The refusal as grpclib sends it: `ErrorInfo` always; with problems also `ValidationProblems` and `BadRequest`.

    Both lists hold as many problems, in order, as fit; `ErrorInfo.metadata` tells how many there are and were left out.
    """
    message = _short_message(refused.message)
    shown = _fitting(refused.problems, message)
    details = [_error_info(refused, shown=len(shown))]
    if shown:
        problems = ValidationProblems(problems=[_validation_problem(problem) for problem in shown])
        details.append(
            Detail(name="ai.stigmer.agentic.workflowrunner.v1.ValidationProblems", value=bytes(problems)),
        )
    if refused.field:
        details.append(_bad_request(refused, shown))
    return GRPCError(_STATUS[refused.reason], message, details)


def _error_info(refused: Refused, *, shown: int) -> Detail:
    facts = dict(refused.facts)
    if refused.problems:
        facts |= {"problems": str(len(refused.problems)), "problems_left_out": str(len(refused.problems) - shown)}
    info = error_details_pb2.ErrorInfo(reason=refused.reason.value, domain=DOMAIN, metadata=facts)
    return Detail(name="google.rpc.ErrorInfo", value=info.SerializeToString())


def _bad_request(refused: Refused, shown: list[Problem]) -> Detail:
    violations = [_violation(refused.field, problem) for problem in shown] or [
        error_details_pb2.BadRequest.FieldViolation(
            field=refused.field, description=_shorten(refused.message, _MAX_TEXT_CHARS)
        )
    ]
    request = error_details_pb2.BadRequest(field_violations=violations)
    return Detail(name="google.rpc.BadRequest", value=request.SerializeToString())


def _violation(field: str, problem: Problem) -> error_details_pb2.BadRequest.FieldViolation:
    return error_details_pb2.BadRequest.FieldViolation(
        field=f"{field}#{_shorten(problem.pointer, _MAX_TEXT_CHARS)}",
        description=_description(problem),
        reason=problem.code.upper().replace("-", "_"),
    )


def _description(problem: Problem) -> str:
    place = f"line {problem.line}, column {problem.column}: " if problem.line is not None else ""
    return _shorten(f"{place}{problem.message}", _MAX_TEXT_CHARS)


def _validation_problem(problem: Problem) -> ValidationProblem:
    return ValidationProblem(
        code=problem.code,
        message=_shorten(problem.message, _MAX_TEXT_CHARS),
        pointer=_shorten(problem.pointer, _MAX_TEXT_CHARS),
        line=problem.line or 0,
        column=problem.column or 0,
        source=problem.source,
        severity=problem.severity,
        hint=_shorten(problem.hint, _MAX_TEXT_CHARS),
    )


def _fitting(problems: tuple[Problem, ...], message: str) -> list[Problem]:
    """The first problems that fit into the trailers beside the message; at least one."""
    room = (_MAX_TRAILER_BYTES - len(encode_grpc_message(message))) * 3 // 4 - len(message.encode()) - _FRAME_BYTES
    shown: list[Problem] = []
    for problem in problems:
        room -= len(bytes(_validation_problem(problem))) + len(_violation("workflow_yaml", problem).SerializeToString())
        if shown and room < 0:
            break
        shown.append(problem)
    return shown


def _short_message(message: str) -> str:
    """The message within its share of the trailers."""
    while len(encode_grpc_message(message)) > _MAX_MESSAGE_BYTES:
        message = _shorten(message, len(message) * 3 // 4)
    return message


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
