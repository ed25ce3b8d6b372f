"""PostgreSQL goes away and comes back: the servers stay, say what is the matter, and go on."""

import asyncio
from pathlib import Path

import asyncpg
import grpc
import httpx
import pytest
from stigmer_server.testing import CLIENT_KEY, RUNNER_KEY, ServerProcess

from packages.server.tests.grpcio_contract import Contract
from packages.server.tests.grpcio_peer import EXECUTION_COMMAND, EXECUTION_QUERY, PROGRESS, WORKFLOW_COMMAND, Peer
from packages.server.tests.postgres.replicas import PLAN, ports_of, replicas
from packages.server.tests.postgres_server import postgres_cluster
from packages.server.tests.samples import event, execution, workflow
from scripts.load.balancer import Balancer
from scripts.load.interrupted import interrupted_load
from scripts.load.judgement import COMPLETED

_LOOK_SECONDS = 0.05


def answers(contract: Contract, server: ServerProcess) -> tuple[tuple[str, str], httpx.Response]:
    """What a server says by gRPC and by HTTP."""
    with Peer(contract, server.grpc_target, CLIENT_KEY) as client:
        by_grpc = client.refusal(EXECUTION_QUERY, "list", {})
    headers = {"authorization": f"Bearer {CLIENT_KEY}"}
    return by_grpc, httpx.get(f"{server.http_url}/api/v1/executions", headers=headers, trust_env=False, timeout=60)


@pytest.mark.extended
async def test_a_database_that_restarts_in_mid_run_loses_nothing(contract: Contract, tmp_path: Path) -> None:
    with postgres_cluster() as cluster, replicas(cluster.url, tmp_path) as servers:
        told = []

        async def restart(_grpc: Balancer, _http: Balancer) -> None:
            await asyncio.to_thread(cluster.stop)
            told.extend(await asyncio.to_thread(lambda: [answers(contract, server) for server in servers]))
            await asyncio.to_thread(cluster.start)

        outcome = await interrupted_load(PLAN, contract, ports_of(servers), restart)
        logs = [server.text for server in servers]
    assert outcome.wrong == []
    for (code, message), page in told:
        assert (code, page.status_code) == (grpc.StatusCode.UNAVAILABLE.name, 503)
        assert "the store cannot be reached" in message
        assert page.json()["reason"] == "TRY_AGAIN"
    for log in logs:
        assert '"the store is reached again"' in log
        assert '"level": "error"' not in log
        assert "Traceback" not in log


async def _listeners(database: str) -> set[int]:
    """The connections of servers that listen, by the ids of their processes."""
    connection = await asyncpg.connect(database)
    try:
        rows = await connection.fetch("SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
    finally:
        await connection.close()
    return {row["pid"] for row in rows}


async def _listen_again(database: str, before: set[int]) -> None:
    while len(await _listeners(database) - before) < len(before):  # noqa: ASYNC110 - PostgreSQL has no event for it
        await asyncio.sleep(_LOOK_SECONDS)


@pytest.mark.extended
async def test_followers_miss_nothing_while_notices_are_lost(contract: Contract, database: str, tmp_path: Path) -> None:
    with (
        replicas(database, tmp_path) as servers,
        Peer(contract, servers[0].grpc_target, CLIENT_KEY) as client,
        Peer(contract, servers[1].grpc_target, RUNNER_KEY) as runner,
    ):
        await _listen_again(database, {-1, -2})
        listening = await _listeners(database)
        workflow_id = client.call(WORKFLOW_COMMAND, "create", workflow("deaf")).metadata.id
        run = client.call(EXECUTION_COMMAND, "create", execution(workflow_id)).metadata.id
        stream = client.stream(EXECUTION_QUERY, "subscribe", {"executionId": run})
        next(stream)
        connection = await asyncpg.connect(database)
        for pid in listening:
            await connection.execute("SELECT pg_terminate_backend($1)", pid)
        await connection.close()
        # Told on one server while the other is deaf; whoever follows there looks for himself.
        for sequence, kind in enumerate(("workflow_started", "workflow_completed"), 1):
            assert runner.call(PROGRESS, "ReportProgress", event(run, sequence, kind)).success
        seen = await asyncio.to_thread(list, stream)
        assert seen[-1].status.phase == COMPLETED
        await _listen_again(database, listening)
        assert "changes of other servers are not heard" in servers[0].text


async def test_servers_that_start_together_migrate_once(database: str, tmp_path: Path) -> None:
    with replicas(database, tmp_path, count=3):
        connection = await asyncpg.connect(database)
        versions = await connection.fetch("SELECT version_num FROM alembic_version")
        await connection.close()
    assert len(versions) == 1
