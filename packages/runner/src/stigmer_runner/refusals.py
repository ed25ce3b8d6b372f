"""Why a request is refused: one reason a case, carried from the core to every port, which has its own codes for it."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from stigmer_dsl import Problem

_NOTHING: Mapping[str, str] = MappingProxyType({})


class Reason(StrEnum):
    """Stable names, sent as `google.rpc.ErrorInfo.reason`; listed in `docs/runner.md`."""

    INVALID_REQUEST = "INVALID_REQUEST"
    INVALID_DOCUMENT = "INVALID_DOCUMENT"
    INVALID_SPEC = "INVALID_SPEC"
    MESSAGE_TOO_LARGE = "MESSAGE_TOO_LARGE"
    EXECUTION_NOT_FOUND = "EXECUTION_NOT_FOUND"
    EXECUTION_DIFFERS = "EXECUTION_DIFFERS"
    WRONG_STATE = "WRONG_STATE"
    NO_DOCUMENT = "NO_DOCUMENT"
    TOO_MANY_EXECUTIONS = "TOO_MANY_EXECUTIONS"
    SHUTTING_DOWN = "SHUTTING_DOWN"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    SERVICE_REFUSED = "SERVICE_REFUSED"
    TEMPORAL_UNAVAILABLE = "TEMPORAL_UNAVAILABLE"
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    EXECUTION_STUCK = "EXECUTION_STUCK"
    NO_KEY_FOR_SECRETS = "NO_KEY_FOR_SECRETS"


class Refused(Exception):
    """A request that cannot be done.

    `problems` are the findings about its document; `field` is the request field that is wrong, if one is;
    `facts` are the variable parts of the message for machines.
    """

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        field: str = "",
        problems: tuple[Problem, ...] = (),
        facts: Mapping[str, str] = _NOTHING,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.field = field
        self.problems = problems
        self.facts = facts
