"""Forgets the secrets of executions that have ended.

Nobody can say at the end of an execution that its secrets are not needed any more: a sub-workflow that nobody waits for
may live on with them. So what no open execution can need is looked for now and then.
"""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Final

from stigmer_engine.runtimes.temporal import WORKFLOW_TYPE
from stigmer_engine.runtimes.temporal.names import execution_id
from stigmer_engine.runtimes.temporal.payloads import PayloadsConfig, sweep_periodically
from stigmer_engine.runtimes.temporal.payloads.secret_store import blob_name
from stigmer_engine.runtimes.temporal.payloads.stores import sealed_secrets
from temporalio.client import Client

from stigmer_runner.durable.background import in_background

# Temporal lists an execution some moments after its start at the latest; by then its secrets are young.
YOUNG: Final = timedelta(hours=1)
_EVERY: Final = timedelta(hours=1)
_OPEN: Final = f"WorkflowType = '{WORKFLOW_TYPE}' AND ExecutionStatus = 'Running'"


async def secrets_in_use(client: Client) -> frozenset[str]:
    """Names of the blobs with secrets that open executions may need. Raises RPCError."""
    names: set[str] = set()
    async for found in client.list_workflows(_OPEN):
        names.update(map(blob_name, _ancestors(execution_id(found.id))))
    return frozenset(names)


def _ancestors(execution: str) -> Iterator[str]:
    """The execution and all whose sub-workflow it may be: their ids are its own without the last parts."""
    while execution:
        yield execution
        execution = execution.rpartition("/")[0]


def forget_secrets(client: Client, payloads: PayloadsConfig, stack: AsyncExitStack) -> None:
    """Look for them as long as the process lives."""

    async def in_use() -> frozenset[str]:
        return await secrets_in_use(client)

    store = sealed_secrets(payloads.place)
    in_background(sweep_periodically(store, YOUNG, in_use=in_use, every=_EVERY), stack, name="forget-secrets")
