"""A terminated execution takes its sub-workflows along, which Temporal itself leaves alone (decision 0760)."""

import asyncio
from contextlib import suppress
from typing import Final

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError

from stigmer_engine.runtimes.temporal.list_filter import quoted
from stigmer_engine.runtimes.temporal.names import OUTLIVES_PARENT

_INDEX_LAG_SECONDS: Final = 1


async def terminate_children(client: Client, parent: str, reason: str) -> None:
    """Terminate what runs below a workflow that was terminated, but what outlives its parent, and what is below that.

    Temporal's index is a moment behind, so it is asked again after that moment.

    Args:
        parent: workflow id.

    Raises:
        RPCError: Temporal could not list them.
    """
    await terminate_running_children(client, parent, reason)
    await asyncio.sleep(_INDEX_LAG_SECONDS)
    await terminate_running_children(client, parent, reason)


async def terminate_running_children(client: Client, parent: str, reason: str) -> None:
    """As `terminate_children`, for what Temporal's index knows now. Raises RPCError."""
    # One that was terminated by others had no turn to end what is below it.
    children = f"ParentWorkflowId = {quoted(parent)} AND ExecutionStatus IN ('Running', 'Terminated')"
    async for child in client.list_workflows(children):
        if OUTLIVES_PARENT in child.raw_info.memo.fields:
            continue
        if child.status is WorkflowExecutionStatus.RUNNING:
            with suppress(RPCError):
                # It may have ended meanwhile.
                await client.get_workflow_handle(child.id).terminate(reason=reason)
        await terminate_running_children(client, child.id, reason)
