"""Refusals as gRPC status: code, message, and `google.rpc` details that fit into one trailer."""

from dataclasses import dataclass, replace
from typing import Any, Final

from google.rpc import error_details_pb2, status_pb2
from grpclib.const import Status
from grpclib.encoding.base import StatusDetailsCodecBase
from grpclib.exceptions import GRPCError
from grpclib.metadata import encode_grpc_message
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ValidationProblem, ValidationProblems

from stigmer_server.refusals import Reason, Refused

DOMAIN: Final = "server.stigmer.ai"

STATUS: Final = {
    Reason.INVALID_REQUEST: Status.INVALID_ARGUMENT,
    Reason.INVALID_SPEC: Status.INVALID_ARGUMENT,
    Reason.INVALID_TRANSITION: Status.INVALID_ARGUMENT,
    Reason.MESSAGE_TOO_LARGE: Status.RESOURCE_EXHAUSTED,
    Reason.NOT_FOUND: Status.NOT_FOUND,
    Reason.ALREADY_EXISTS: Status.ALREADY_EXISTS,
    Reason.IN_USE: Status.FAILED_PRECONDITION,
    Reason.WRONG_STATE: Status.FAILED_PRECONDITION,
    Reason.EVENTS_MISSING: Status.ABORTED,
    Reason.UNAUTHENTICATED: Status.UNAUTHENTICATED,
    Reason.NOT_ALLOWED: Status.PERMISSION_DENIED,
    Reason.TOO_MANY_REQUESTS: Status.RESOURCE_EXHAUSTED,
    Reason.TRY_AGAIN: Status.UNAVAILABLE,
    Reason.RUNNER_UNAVAILABLE: Status.UNAVAILABLE,
    Reason.NOT_SUPPORTED: Status.UNIMPLEMENTED,
}

# Clients accept 8 KiB of trailers by default (grpcio, Netty). The message is in there twice, percent-encoded and, like
# all details, in base64, which takes a third.
_MAX_TRAILER_BYTES: Final = 7_400
_MAX_MESSAGE_BYTES: Final = 1_200
_MAX_TEXT_CHARS: Final = 180
_FRAME_BYTES: Final = 350  # type names, lengths and the `ErrorInfo`


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
    """The refusal as grpclib sends it: `ErrorInfo` always; with problems also `ValidationProblems`, with a field
    `BadRequest`.

    The problems are as many, in order, as fit; `ErrorInfo.metadata` tells how many there are and were left out.
    """
    message = _short_message(refused.message)
    shown = _fitting(refused.problems, message)
    details = [_error_info(refused, shown=len(shown))]
    if shown:
        problems = ValidationProblems(problems=shown)
        details.append(Detail(name="ai.stigmer.agentic.workflowrunner.v1.ValidationProblems", value=bytes(problems)))
    if refused.field and not shown:
        violation = error_details_pb2.BadRequest.FieldViolation(
            field=refused.field, description=_shorten(refused.message, _MAX_TEXT_CHARS)
        )
        request = error_details_pb2.BadRequest(field_violations=[violation])
        details.append(Detail(name="google.rpc.BadRequest", value=request.SerializeToString()))
    return GRPCError(STATUS[refused.reason], message, details)


def _error_info(refused: Refused, *, shown: int) -> Detail:
    facts = dict(refused.facts)
    if refused.problems:
        facts |= {"problems": str(len(refused.problems)), "problems_left_out": str(len(refused.problems) - shown)}
    info = error_details_pb2.ErrorInfo(reason=refused.reason.value, domain=DOMAIN, metadata=facts)
    return Detail(name="google.rpc.ErrorInfo", value=info.SerializeToString())


def _fitting(problems: tuple[ValidationProblem, ...], message: str) -> list[ValidationProblem]:
    """The first problems that fit into the trailers beside the message; at least one."""
    room = (_MAX_TRAILER_BYTES - len(encode_grpc_message(message))) * 3 // 4 - len(message.encode()) - _FRAME_BYTES
    shown: list[ValidationProblem] = []
    for problem in problems:
        short = replace(
            problem,
            message=_shorten(problem.message, _MAX_TEXT_CHARS),
            pointer=_shorten(problem.pointer, _MAX_TEXT_CHARS),
            hint=_shorten(problem.hint, _MAX_TEXT_CHARS),
        )
        room -= len(bytes(short))
        if shown and room < 0:
            break
        shown.append(short)
    return shown


def _short_message(message: str) -> str:
    """The message within its share of the trailers."""
    while len(encode_grpc_message(message)) > _MAX_MESSAGE_BYTES:
        message = _shorten(message, len(message) * 3 // 4)
    return message


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
