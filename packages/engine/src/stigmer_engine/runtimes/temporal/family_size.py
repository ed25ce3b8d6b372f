"""How many sub-workflows Temporal's index knows below an execution."""

import logging

from temporalio.client import Client
from temporalio.service import RPCError

from stigmer_engine.runtimes.temporal.list_filter import quoted

_log = logging.getLogger(__name__)


async def family_size(client: Client, root: str) -> int:
    """Those that run and those that have ended and are still kept; 0 when Temporal does not tell.

    Args:
        root: workflow id.
    """
    below = f"RootWorkflowId = {quoted(root)} AND WorkflowId != {quoted(root)}"
    try:
        # Each run of one that continued as new is listed.
        found = await client.count_workflows(f"{below} AND ExecutionStatus != 'ContinuedAsNew'")
    except RPCError as error:
        _log.warning("the sub-workflows below %s could not be counted: %s", root, error.message)
        return 0
    return found.count
