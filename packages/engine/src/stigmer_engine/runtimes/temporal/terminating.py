"""A terminated execution takes its sub-workflows along, which Temporal itself leaves alone (decision 0760)."""

import asyncio
from contextlib import suppress
from typing import Final

from temporalio.client import Client
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
    await _pass(client, parent, reason)
    await asyncio.sleep(_INDEX_LAG_SECONDS)
    await _pass(client, parent, reason)


async def _pass(client: Client, parent: str, reason: str) -> None:
    async for child in client.list_workflows(f"ParentWorkflowId = {quoted(parent)}"):
        if OUTLIVES_PARENT in await child.memo():
            continue
        with suppress(RPCError):
            # It may have ended meanwhile.
            await client.get_workflow_handle(child.id).terminate(reason=reason)
        await _pass(client, child.id, reason)
