"""Why the runner refuses a request: one reason a case."""

from enum import StrEnum

from stigmer_dsl import Problem
from stigmer_ports.refusals import Refusal


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


class Refused(Refusal[Reason, Problem]):
    """A request that the runner cannot do. `problems` are the findings about its document."""
