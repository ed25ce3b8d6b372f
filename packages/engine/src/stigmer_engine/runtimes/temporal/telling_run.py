"""Which run of an execution that has ended can be asked for its state."""

from collections.abc import Callable
from typing import Any, Final

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError

from stigmer_engine.runtimes.temporal.names import INVALID_DOCUMENT

_OPEN: Final = (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW)

HandleOf = Callable[[str | None], WorkflowHandle[Any, Any]]
"""The handle of a run by its id; of the newest run by None."""


async def has_ended(handle_of: HandleOf) -> bool:
    """Whether the execution is over, by whatever end. Raises RPCError."""
    return (await handle_of(None).describe()).status not in _OPEN


async def telling_run(handle_of: HandleOf) -> str | None:
    """The id of the newest run that has a state, of an execution that has ended; None when no run has one.

    A run that was terminated before its first workflow task never had a turn, and Temporal refuses each query of it.
    What there is to know then, the run before it knows. A document that cannot be read gives no state either.

    Raises:
        RPCError: Temporal cannot be asked, or does not know it.
    """
    newest = handle_of(None)
    described = await newest.describe()
    if described.status is WorkflowExecutionStatus.FAILED and await _could_not_begin(newest):
        return None
    previous = ""
    async for event in handle_of(described.run_id).fetch_history_events():
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
            previous = event.workflow_execution_started_event_attributes.continued_execution_run_id
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            return described.run_id
    return previous or None


async def _could_not_begin(handle: WorkflowHandle[Any, Any]) -> bool:
    try:
        await handle.result()
    except WorkflowFailureError as failure:
        return isinstance(failure.cause, ApplicationError) and failure.cause.type == INVALID_DOCUMENT
    return False
