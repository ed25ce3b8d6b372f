"""Failures of calls to the service, as sentences, with problems of documents in the form of `stigmer validate`."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from google.rpc import status_pb2
from grpclib.const import Status
from grpclib.encoding.base import StatusDetailsCodecBase
from grpclib.exceptions import GRPCError
from stigmer_dsl import Problem
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ValidationProblem, ValidationProblems

from stigmer_runner.cli.exit_codes import UsageFailure
from stigmer_runner.cli.service.access import ServiceAccess

_PROBLEMS: Final = "ai.stigmer.agentic.workflowrunner.v1.ValidationProblems"
PASSING: Final = frozenset({Status.UNAVAILABLE, Status.ABORTED})


class ServiceFailure(UsageFailure):
    """The service refused a call, or cannot be reached.

    Attributes:
        problems: those of a document.
        absent: there is no such thing.
        at_fault: what was asked for is wrong; something else may be asked for.
    """

    def __init__(
        self,
        message: str,
        *,
        problems: tuple[ValidationProblem, ...] = (),
        absent: bool = False,
        at_fault: bool = False,
    ) -> None:
        super().__init__(message)
        self.problems = problems
        self.absent = absent
        self.at_fault = at_fault


@dataclass(frozen=True, slots=True)
class Detail:
    """An entry of `google.rpc.Status.details`."""

    name: str
    value: bytes


class DetailsReader(StatusDetailsCodecBase):
    """Reads details without a pool of descriptors that knows their messages; a client never writes any."""

    def encode(self, status: Status, message: str | None, details: Any) -> bytes:
        """Not used by a client."""
        raise NotImplementedError

    def decode(self, _status: Status, _message: str | None, data: bytes) -> tuple[Detail, ...]:
        """The entries; none when the bytes are no status."""
        try:
            found = status_pb2.Status.FromString(data)
        except Exception:  # what another server sends must not hide its message
            return ()
        return tuple(Detail(entry.type_url.rpartition("/")[2], entry.value) for entry in found.details)


def failure_of(error: GRPCError, access: ServiceAccess) -> ServiceFailure:
    """What a person reads when a call failed."""
    said = (error.message or error.status.name).rstrip(".")
    match error.status:
        case Status.UNAUTHENTICATED:
            return ServiceFailure(f"The service at {access.endpoint} does not accept the key: {said}.")
        case Status.PERMISSION_DENIED:
            return ServiceFailure(f"The key may not do that: {said}.")
        case Status.NOT_FOUND:
            return ServiceFailure(f"{_sentence(said)}.", absent=True)
        case Status.UNIMPLEMENTED:
            return ServiceFailure(f"The service at {access.endpoint} does not offer that: {said}.")
        case Status.UNKNOWN if "content-type" in said:
            return ServiceFailure(f"At {access.endpoint} is something else, and no Stigmer service: {said}.")
        case Status.UNAVAILABLE:
            return ServiceFailure(f"Not possible now: {said}. Try again.")
        case _:
            return ServiceFailure(f"{_sentence(said)}.", problems=tuple(_problems(error.details)), at_fault=True)


def unreachable(access: ServiceAccess, why: object) -> ServiceFailure:
    """What a person reads when there is no connection."""
    advice = "Is it running (`stigmer dev`, `stigmer server`)?"
    return ServiceFailure(f"The service at {access.endpoint} cannot be reached: {_said(why)}. {advice}")


def shown_problem(problem: ValidationProblem, source: str) -> Problem:
    """The problem as `stigmer validate` shows one."""
    return Problem(
        code=problem.code,
        message=problem.message,
        pointer=problem.pointer,
        source=source,
        severity="warning" if problem.severity == "warning" else "error",
        hint=problem.hint,
    )


def _problems(details: Iterable[Detail] | None) -> Iterable[ValidationProblem]:
    for detail in details or ():
        if detail.name == _PROBLEMS:
            yield from ValidationProblems.parse(detail.value).problems


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _said(why: object) -> object:
    if not isinstance(why, OSError) or why.errno is None:
        return why
    # What asyncio makes of it names a call and a Python tuple; what a resolver says has a negative number.
    return (os.strerror(why.errno) if why.errno > 0 else why.strerror or str(why)).lower()
