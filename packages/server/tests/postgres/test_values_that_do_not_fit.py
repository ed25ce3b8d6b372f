"""Values that PostgreSQL cannot hold, and SQLite could: refused in words."""

from pathlib import Path

from stigmer_server.testing import ADMIN_KEY, CLIENT_KEY

from packages.server.tests.grpcio_contract import Contract
from packages.server.tests.grpcio_peer import (
    CONTEXT_COMMAND,
    EXECUTION_COMMAND,
    EXECUTION_QUERY,
    WORKFLOW_COMMAND,
    Peer,
)
from packages.server.tests.postgres.replicas import replicas
from packages.server.tests.samples import workflow


def test_they_are_the_clients_fault(contract: Contract, database: str, tmp_path: Path) -> None:
    context = {"metadata": {"name": "long"}, "spec": {"executionId": "wex-" + "1" * 300}}
    with (
        replicas(database, tmp_path, 1) as servers,
        Peer(contract, servers[0].grpc_target, CLIENT_KEY) as client,
        Peer(contract, servers[0].grpc_target, ADMIN_KEY) as admin,
    ):
        for status, message in (
            client.refusal(EXECUTION_QUERY, "get", {"value": "wex-\x00"}),
            client.refusal(EXECUTION_QUERY, "list", {"tags": ["a\x00b"]}),
            client.refusal(EXECUTION_COMMAND, "cancel", {"id": "wex-\x00"}),
            admin.refusal(CONTEXT_COMMAND, "create", context),
        ):
            assert (status, "the store cannot hold" in message) == ("INVALID_ARGUMENT", True)
        # The server goes on, and its log has no defect.
        assert client.call(WORKFLOW_COMMAND, "create", workflow("after")).metadata.id
        assert '"level": "error"' not in servers[0].text
