"""The gRPC statuses of the runner's refusals."""

from typing import Final

from grpclib.const import Status
from stigmer_ports.grpc_port.status_details import RefusalStatuses
from stigmer_ports.problem_message import problem_message

from stigmer_runner.refusals import Reason

REFUSALS: Final = RefusalStatuses(
    domain="runner.stigmer.ai",
    statuses={
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
    },
    problem_message=problem_message,
)
