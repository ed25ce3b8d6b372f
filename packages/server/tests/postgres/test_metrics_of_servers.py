"""`GET /metrics` of servers that share a PostgreSQL: each counts what it did, also while the database is away."""

import math
from pathlib import Path

from stigmer_server.testing import CLIENT_KEY, RUNNER_KEY

from packages.ports.tests.told_metrics import Metrics, until
from packages.server.tests.grpcio_contract import Contract
from packages.server.tests.grpcio_peer import EXECUTION_COMMAND, PROGRESS, WORKFLOW_COMMAND, Peer
from packages.server.tests.postgres.replicas import replicas
from packages.server.tests.postgres_server import postgres_cluster
from packages.server.tests.samples import event, execution, workflow

CHANGES = "stigmer_server_execution_changes_total"
OUTBOX = "stigmer_server_outbox_orders"


async def test_each_server_counts_what_it_did_and_knows_no_backlog_without_its_store(
    contract: Contract, tmp_path: Path
) -> None:
    with (
        postgres_cluster() as cluster,
        replicas(cluster.url, tmp_path) as (one, other),
        Peer(contract, one.grpc_target, CLIENT_KEY) as client,
        Peer(contract, other.grpc_target, RUNNER_KEY) as runner,
    ):
        made = client.call(WORKFLOW_COMMAND, "create", workflow("counted")).metadata.id
        run = client.call(EXECUTION_COMMAND, "create", execution(made)).metadata.id
        assert [Metrics(server.http_url).value(OUTBOX) for server in (one, other)] == [1, 1]
        assert runner.call(PROGRESS, "ReportProgress", event(run, 1, "workflow_started")).success
        told = [Metrics(server.http_url) for server in (one, other)]
        assert [found.value(CHANGES, phase="EXECUTION_PENDING") for found in told] == [1, 0]
        assert [found.value(CHANGES, phase="EXECUTION_IN_PROGRESS") for found in told] == [0, 1]
        cluster.stop()
        away = Metrics(one.http_url)
        assert math.isnan(away.value(OUTBOX))
        assert away.value(CHANGES, phase="EXECUTION_PENDING") == 1
        cluster.start()
        await until(one.http_url, OUTBOX, 1)
