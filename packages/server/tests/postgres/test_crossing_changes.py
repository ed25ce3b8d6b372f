"""A change that crosses another one is not undone by it."""

import asyncio
from pathlib import Path

import asyncpg
from stigmer_server.testing import CLIENT_KEY

from packages.server.tests.grpcio_contract import Contract
from packages.server.tests.grpcio_peer import EXECUTION_COMMAND, WORKFLOW_COMMAND, WORKFLOW_QUERY, Peer
from packages.server.tests.postgres.replicas import replicas
from packages.server.tests.samples import execution, workflow

_BODY = "SELECT body FROM resources WHERE id = $1"
_REPLACE = "UPDATE resources SET body = $2 WHERE id = $1"
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


async def test_the_first_execution_of_a_workflow_does_not_undo_its_update(
    contract: Contract, database: str, tmp_path: Path
) -> None:
    with replicas(database, tmp_path, 1) as servers, Peer(contract, servers[0].grpc_target, CLIENT_KEY) as client:
        other, watching = await asyncpg.connect(database), await asyncpg.connect(database)
        made = client.call(WORKFLOW_COMMAND, "create", workflow("crossed", description="before"))
        workflow_id = made.metadata.id
        before = await other.fetchval(_BODY, workflow_id)
        client.call(WORKFLOW_COMMAND, "apply", workflow("crossed", description="after"))
        after = await other.fetchval(_BODY, workflow_id)
        await other.execute(_REPLACE, workflow_id, before)
        # Another server is about to commit the update while the first execution is created here.
        async with other.transaction():
            await other.execute(_REPLACE, workflow_id, after)
            creating = client.later(EXECUTION_COMMAND, "create", execution(workflow_id))
            while not await watching.fetchval(_WAITING):  # noqa: ASYNC110 - PostgreSQL has no event for it
                await asyncio.sleep(0.02)
        created = await asyncio.to_thread(creating.result)
        found = client.call(WORKFLOW_QUERY, "get", {"value": workflow_id})
        assert found.spec.description == "after"
        assert found.status.default_instance_id == created.spec.workflow_instance_id
        await other.close()
        await watching.close()
