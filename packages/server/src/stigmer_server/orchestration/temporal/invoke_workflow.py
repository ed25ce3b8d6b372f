"""The workflow behind an execution: has a runner execute it, and tells of the end when no runner does.

It imports nothing but Temporal and the names, so that its sandbox loads quickly.
"""

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError, CancelledError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from stigmer_server.orchestration.temporal.names import (
        EXECUTE_ACTIVITY,
        HEARTBEAT_MEMO,
        INVOKE_TYPE,
        QUEUE_MEMO,
        TIMEOUT_MEMO,
        UPDATE_ACTIVITY,
    )

_FOR_EVER: Final = timedelta(days=3650)
_STORE: Final = timedelta(seconds=30)
_ERROR_CHARACTERS: Final = 2000

# A lost runner is noticed by its missing heartbeat; the next one goes on with the execution.
_RETRY: Final = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))


@workflow.defn(name=INVOKE_TYPE)
class InvokeWorkflow:
    """One execution."""

    @workflow.run
    async def run(self, execution: RawValue) -> RawValue:
        """Have it executed.

        Args:
            execution: the WorkflowExecution, as protobuf; it goes to the runner as it is.

        Returns:
            What the runner gives: a WorkflowExecutionStatus.

        Raises:
            ActivityError: no runner could execute it; that is stored as its end.
        """
        seconds = float(workflow.memo_value(TIMEOUT_MEMO, default=0))
        heartbeat = float(workflow.memo_value(HEARTBEAT_MEMO, default=0))
        try:
            status: RawValue = await workflow.execute_activity(
                EXECUTE_ACTIVITY,
                execution,
                task_queue=str(workflow.memo_value(QUEUE_MEMO)),
                schedule_to_close_timeout=timedelta(seconds=seconds) if seconds else None,
                start_to_close_timeout=timedelta(seconds=seconds) if seconds else _FOR_EVER,
                heartbeat_timeout=timedelta(seconds=heartbeat) if heartbeat else None,
                retry_policy=_RETRY,
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                result_type=RawValue,
            )
        except ActivityError as error:
            cancelled = is_cancelled_exception(error)
            await _store_end(cancelled=cancelled, message=_message(error))
            if cancelled:
                raise CancelledError("the execution was cancelled") from error
            raise
        return status


async def _store_end(*, cancelled: bool, message: str) -> None:
    execution_id = workflow.info().workflow_id.removeprefix(f"{INVOKE_TYPE}/")
    await workflow.execute_local_activity(
        UPDATE_ACTIVITY,
        args=[execution_id, "cancelled" if cancelled else "failed", message],
        start_to_close_timeout=_STORE,
    )


def _message(error: ActivityError) -> str:
    cause = error.cause
    return (str(cause) if cause is not None else str(error))[:_ERROR_CHARACTERS]
