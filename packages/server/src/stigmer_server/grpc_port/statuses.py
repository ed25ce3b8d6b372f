"""The gRPC statuses of the server's refusals."""

from typing import Final

from grpclib.const import Status
from stigmer_ports.grpc_port.status_details import RefusalStatuses

from stigmer_server.refusals import Reason

REFUSALS: Final = RefusalStatuses(
    domain="server.stigmer.ai",
    statuses={
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
    },
    problem_message=lambda problem: problem,
)
