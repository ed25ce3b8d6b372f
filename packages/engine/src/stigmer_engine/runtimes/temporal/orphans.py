"""Sub-workflows of executions that were terminated by others, as in Temporal's UI, end with them (decision 0934).

Temporal leaves them alone, and the execution had no turn to end them. So whoever works for executions looks for those
that were terminated since the last look.
"""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from stigmer_engine.runtimes.temporal.list_filter import moment
from stigmer_engine.runtimes.temporal.names import WORKFLOW_TYPE
from stigmer_engine.runtimes.temporal.terminating import terminate_running_children

_log = logging.getLogger(__name__)

EVERY: Final = timedelta(seconds=30)
# What ended while nobody looked.
_FIRST: Final = timedelta(days=1)
# By which Temporal's index may be behind, or its clock differ.
_OVERLAP: Final = timedelta(minutes=2)
_REASON: Final = "what it was a sub-workflow of was terminated"


async def terminate_orphans_periodically(client: Client, *, every: timedelta = EVERY) -> None:
    """Look for them again and again, until cancelled. A look that fails is made again with the next one."""
    since = datetime.now(UTC) - _FIRST
    told = False
    while True:
        began = datetime.now(UTC)
        try:
            await terminate_orphans(client, since)
            since, told = began - _OVERLAP, False
        except RPCError as error:
            if not told:
                _log.warning("sub-workflows of terminated executions cannot be looked for: %s", error.message)
            told = True
        await asyncio.sleep(every.total_seconds())


async def terminate_orphans(client: Client, since: datetime) -> None:
    """Terminate what waits below executions that were terminated after a moment.

    Those whose id runs again stay as they are: a reset terminates a run too, and the next one goes on.

    Raises:
        RPCError: Temporal could not be asked.
    """
    terminated = (
        f"WorkflowType = '{WORKFLOW_TYPE}' AND ExecutionStatus = 'Terminated' AND CloseTime > '{moment(since)}'"
    )
    async for ended in client.list_workflows(terminated):
        if not await _runs(client, ended.id):
            await terminate_running_children(client, ended.id, _REASON)


async def _runs(client: Client, workflow: str) -> bool:
    try:
        return (await client.get_workflow_handle(workflow).describe()).status is WorkflowExecutionStatus.RUNNING
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
