"""Refusals as gRPC status: code, message, and `google.rpc` details that fit into one trailer."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeAlias, TypeVar

from google.rpc import error_details_pb2
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from grpclib.metadata import encode_grpc_message
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ValidationProblem, ValidationProblems

from stigmer_ports.grpc_port.details_codec import Detail
from stigmer_ports.refusals import P, Refusal

_M = TypeVar("_M")
_Violation: TypeAlias = error_details_pb2.BadRequest.FieldViolation

# Clients accept 8 KiB of trailers by default (grpcio, Netty). The message is in there twice, percent-encoded and, like
# all details, in base64, which takes a third.
_MAX_TRAILER_BYTES: Final = 7_400
_MAX_MESSAGE_BYTES: Final = 1_200
_MAX_TEXT_CHARS: Final = 180
_FRAME_BYTES: Final = 350  # type names, lengths and the `ErrorInfo`


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalStatuses(Generic[P]):
    """How the refusals of a service are told over gRPC.

    Attributes:
        domain: `google.rpc.ErrorInfo.domain`.
        statuses: the code of every reason.
        problem_message: a problem of a refusal in the words of the contract.
    """

    domain: str
    statuses: Mapping[str, Status]
    problem_message: Callable[[P], ValidationProblem]

    def error(self, refusal: Refusal[Any, P]) -> GRPCError:
        """The refusal as grpclib sends it.

        `ErrorInfo` always; with problems also `ValidationProblems`, as many, in order, as fit; with a field also
        `BadRequest`, which names the field and, when there is room left, the first of the problems once more.
        `ErrorInfo.metadata` tells how many problems there are and were left out.
        """
        message = _short_message(refusal.message)
        shown, violations = self._fitting(refusal, message)
        details = [self._error_info(refusal, shown=len(shown))]
        if shown:
            problems = ValidationProblems(problems=shown)
            name = "ai.stigmer.agentic.workflowrunner.v1.ValidationProblems"
            details.append(Detail(name=name, value=bytes(problems)))
        if violations:
            request = error_details_pb2.BadRequest(field_violations=violations)
            details.append(Detail(name="google.rpc.BadRequest", value=request.SerializeToString()))
        return GRPCError(self.statuses[refusal.reason], message, details)

    def _error_info(self, refusal: Refusal[Any, P], *, shown: int) -> Detail:
        facts = dict(refusal.facts)
        if refusal.problems:
            facts |= {"problems": str(len(refusal.problems)), "problems_left_out": str(len(refusal.problems) - shown)}
        info = error_details_pb2.ErrorInfo(reason=str(refusal.reason), domain=self.domain, metadata=facts)
        return Detail(name="google.rpc.ErrorInfo", value=info.SerializeToString())

    def _fitting(self, refusal: Refusal[Any, P], message: str) -> tuple[list[ValidationProblem], list[_Violation]]:
        """What fits into the trailers beside the message; at least one of each that there is."""
        field = refusal.field
        if not refusal.problems:
            return [], [_Violation(field=field, description=_shorten(refusal.message))] if field else []
        room = (_MAX_TRAILER_BYTES - len(encode_grpc_message(message))) * 3 // 4 - len(message.encode()) - _FRAME_BYTES
        problems = map(self._short, refusal.problems)
        if not field:
            return _first_within(room, problems, _problem_bytes), []
        kept = _violation_bytes(_violation(field, self._short(refusal.problems[0])))
        shown = _first_within(room - kept, problems, _problem_bytes)
        left = room - sum(map(_problem_bytes, shown))
        return shown, _first_within(left, (_violation(field, problem) for problem in shown), _violation_bytes)

    def _short(self, problem: P) -> ValidationProblem:
        told = self.problem_message(problem)
        return replace(told, message=_shorten(told.message), pointer=_shorten(told.pointer), hint=_shorten(told.hint))


def _violation(field: str, problem: ValidationProblem) -> _Violation:
    place = f"line {problem.line}, column {problem.column}: " if problem.line else ""
    return _Violation(
        field=_part(field, problem.pointer),
        description=_shorten(f"{place}{problem.message}"),
        reason=problem.code.upper().replace("-", "_"),
    )


def _part(field: str, pointer: str) -> str:
    """A part of a field: a path in it, or behind `#` a pointer into the document that it holds."""
    return f"{field}#{pointer}" if pointer.startswith("/") or not pointer else f"{field}.{pointer}"


def _first_within(room: int, messages: Iterable[_M], size: Callable[[_M], int]) -> list[_M]:
    """The first messages that fit into `room` bytes; at least one."""
    fitting: list[_M] = []
    for message in messages:
        room -= size(message)
        if fitting and room < 0:
            break
        fitting.append(message)
    return fitting


def _problem_bytes(problem: ValidationProblem) -> int:
    return len(bytes(problem))


def _violation_bytes(violation: _Violation) -> int:
    return int(violation.ByteSize())


def _short_message(message: str) -> str:
    """The message within its share of the trailers."""
    while len(encode_grpc_message(message)) > _MAX_MESSAGE_BYTES:
        message = _shorten(message, len(message) * 3 // 4)
    return message


def _shorten(text: str, limit: int = _MAX_TEXT_CHARS) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
