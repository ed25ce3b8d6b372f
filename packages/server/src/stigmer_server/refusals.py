"""Why a request is refused: one reason a case, carried from the core to every port, which has its own codes for it."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ValidationProblem

_NOTHING: Mapping[str, str] = MappingProxyType({})


class Reason(StrEnum):
    """Stable names, sent as `google.rpc.ErrorInfo.reason`; listed in `docs/server.md`."""

    INVALID_REQUEST = "INVALID_REQUEST"
    INVALID_SPEC = "INVALID_SPEC"
    INVALID_TRANSITION = "INVALID_TRANSITION"
    MESSAGE_TOO_LARGE = "MESSAGE_TOO_LARGE"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    IN_USE = "IN_USE"
    WRONG_STATE = "WRONG_STATE"
    EVENTS_MISSING = "EVENTS_MISSING"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    NOT_ALLOWED = "NOT_ALLOWED"
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    TRY_AGAIN = "TRY_AGAIN"
    RUNNER_UNAVAILABLE = "RUNNER_UNAVAILABLE"
    NOT_SUPPORTED = "NOT_SUPPORTED"


class Refused(Exception):
    """A request that cannot be done.

    `field` is the request field that is wrong, if one is; `problems` are all findings about a workflow's spec;
    `facts` are the variable parts of the message for machines.
    """

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        field: str = "",
        problems: tuple[ValidationProblem, ...] = (),
        facts: Mapping[str, str] = _NOTHING,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.field = field
        self.problems = problems
        self.facts = facts
