"""Why the server refuses a request: one reason a case."""

from enum import StrEnum

from stigmer_ports.refusals import Refusal
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ValidationProblem


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


class Refused(Refusal[Reason, ValidationProblem]):
    """A request that the server cannot do. `problems` are the findings about a workflow's spec or an input."""
