"""The activity itself: start the execution, or find it, and let its end complete the activity."""

from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

from stigmer_engine.runtimes.temporal.names import ATTEND_SIGNAL
from stigmer_ports.logs import get_logger
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import WorkflowExecution
from temporalio import activity
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.service import RPCError, RPCStatusCode

from stigmer_runner.activity_port.answers import TooLarge, Waiting, answer, too_large
from stigmer_runner.activity_port.attendance import Attendance
from stigmer_runner.activity_port.codec_mark import was_encoded
from stigmer_runner.activity_port.encodings import Asked, read
from stigmer_runner.execute_input import execution_request
from stigmer_runner.executions import ExecutionRequest, Executions, KnownExecution
from stigmer_runner.refusals import Reason, Refused

log = get_logger(__name__)

NAME: Final = "ExecuteWorkflow"
REFUSED: Final = "stigmer/refused"
"""Type of the failure of a request that is refused; its first detail is the reason."""

_PASSING: Final = frozenset(
    {
        Reason.EXECUTION_STUCK,
        Reason.SERVICE_UNAVAILABLE,
        Reason.SHUTTING_DOWN,
        Reason.STORE_UNAVAILABLE,
        Reason.TEMPORAL_UNAVAILABLE,
        Reason.TOO_MANY_EXECUTIONS,
    }
)

Activity = Callable[[RawValue], Awaitable[RawValue]]


def execute_workflow(executions: Executions, attendance: Attendance, client: Client) -> Activity:
    """The activity, ready to be registered with a worker.

    Args:
        executions: those on Temporal.
        client: signals them.
    """

    @activity.defn(name=NAME)
    async def execute(argument: RawValue) -> RawValue:
        try:
            asked = read(argument.payload)
            execution = await executions.start(_request(asked))
            waiting = Waiting(
                task_token=activity.info().task_token,
                encoding=asked.encoding,
                coded=was_encoded(argument.payload),
            )
            if not await _leave(client, execution, waiting):
                return await _now(execution, waiting)
        except Refused as refused:
            log.info("request refused", reason=refused.reason, message=refused.message)
            raise ApplicationError(
                refused.message,
                refused.reason.value,
                type=REFUSED,
                non_retryable=refused.reason not in _PASSING,
                category=ApplicationErrorCategory.BENIGN,
            ) from None
        attendance.attend(execution.id, waiting, activity.info().heartbeat_timeout)
        _complete_later()

    return execute


def _complete_later() -> NoReturn:
    """Free the slot of the worker: the end of the execution completes the activity."""
    activity.raise_complete_async()


def _request(asked: Asked) -> ExecutionRequest:
    """A `WorkflowExecution` brings its id: what it needs is pulled, so that it is what the service has now."""
    message = asked.message
    if not isinstance(message, WorkflowExecution):
        return execution_request(message)
    execution_id = message.metadata.id if message.metadata is not None else ""
    if not execution_id:
        raise Refused(Reason.INVALID_REQUEST, "the WorkflowExecution has no metadata.id", field="metadata.id")
    return ExecutionRequest(execution_id=execution_id)


async def _leave(client: Client, execution: KnownExecution, waiting: Waiting) -> bool:
    """Leave word with the execution; False when it has ended."""
    handle = client.get_workflow_handle(execution.temporal_workflow_id)
    try:
        await handle.signal(ATTEND_SIGNAL, waiting.to_token())
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise Refused(
            Reason.TEMPORAL_UNAVAILABLE, f"execution {execution.id!r} could not be told who waits for it; try again"
        ) from None
    return True


async def _now(execution: KnownExecution, waiting: Waiting) -> RawValue:
    """The answer of an execution that has ended already."""
    snapshot = (await execution.state()).snapshot
    try:
        return RawValue(answer(snapshot, waiting))
    except TooLarge:
        raise too_large(snapshot) from None
