"""A client whose server went away repeats a creation on another one."""

from pathlib import Path

from stigmer_server.testing import CLIENT_KEY

from packages.server.tests.grpcio_contract import Contract
from packages.server.tests.grpcio_peer import EXECUTION_COMMAND, EXECUTION_QUERY, WORKFLOW_COMMAND, Peer
from packages.server.tests.postgres.replicas import replicas
from packages.server.tests.samples import execution, workflow


def test_servers_of_one_store_know_each_others_creations(contract: Contract, database: str, tmp_path: Path) -> None:
    with (
        replicas(database, tmp_path) as servers,
        Peer(contract, servers[0].grpc_target, CLIENT_KEY) as first,
        Peer(contract, servers[1].grpc_target, CLIENT_KEY) as second,
    ):
        workflow_id = first.call(WORKFLOW_COMMAND, "create", workflow("shared")).metadata.id
        for key in ("crossing-1", "crossing-2", "crossing-3"):
            request = execution(workflow_id)
            request["metadata"]["annotations"] = {"stigmer.ai/idempotency-key": key}
            calls = [peer.later(EXECUTION_COMMAND, "create", request) for peer in (first, second) * 4]
            assert len({call.result().metadata.id for call in calls}) == 1
            later = [peer.call(EXECUTION_COMMAND, "create", request).metadata.id for peer in (first, second)]
            assert later == [calls[0].result().metadata.id] * 2
        assert len(first.call(EXECUTION_QUERY, "listByWorkflow", {"workflowId": workflow_id}).entries) == 3
