"""Why an execution does not go on, although workers are there: a lost payload, a missing key, other code."""

from datetime import timedelta
from typing import Final

from stigmer_engine.runtimes.temporal import workflow_id
from stigmer_engine.runtimes.temporal.names import STATUS_QUERY
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError

_NEWEST_EVENTS: Final = 50
_ANSWER: Final = timedelta(seconds=2)


async def hindrance(client: Client, execution_id: str) -> str:
    """What the worker said that had its last turn, if that turn failed; empty when nothing is known to be wrong.

    A turn that fails is tried again by Temporal, later and later, so the execution goes on once the cause is gone.
    The text names no data: it is that of `PayloadProblem`, or of Temporal's SDK.
    """
    try:
        return await _failed_turn(client, execution_id) or await _failed_query(client, execution_id)
    except RPCError:
        # Nobody answers, or not soon: that tells nothing of the execution.
        return ""


async def _failed_turn(client: Client, execution_id: str) -> str:
    answer = await client.workflow_service.get_workflow_execution_history_reverse(
        GetWorkflowExecutionHistoryReverseRequest(
            namespace=client.namespace,
            execution=WorkflowExecution(workflow_id=workflow_id(execution_id)),
            maximum_page_size=_NEWEST_EVENTS,
        ),
        timeout=_ANSWER,
    )
    for event in answer.history.events:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            break
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
            # With keys, the message is encrypted.
            return str(await client.data_converter.decode_failure(event.workflow_task_failed_event_attributes.failure))
    return ""


async def _failed_query(client: Client, execution_id: str) -> str:
    """An execution that only waits has no turn that could fail; then who asks it for its state learns what is wrong."""
    try:
        await client.get_workflow_handle(workflow_id(execution_id)).query(STATUS_QUERY, rpc_timeout=_ANSWER)
    except WorkflowQueryFailedError as problem:
        return str(problem)
    return ""
