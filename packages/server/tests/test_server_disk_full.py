"""A server whose disk takes no more says so, keeps what it has, and goes on when there is room again."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stigmer_server.testing import CLIENT_KEY, RUNNER_KEY, ServerProcess

from packages.server.tests.grpcio_contract import Contract
from packages.server.tests.grpcio_peer import EXECUTION_COMMAND, EXECUTION_QUERY, PROGRESS, WORKFLOW_COMMAND, Peer
from packages.server.tests.samples import event, execution, workflow


@contextmanager
def full_disk(server: ServerProcess) -> Iterator[None]:
    """No file of the server can grow any more."""
    before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_a_passing_trouble_that_is_told(contract: Contract, data_dir: Path) -> None:
    with (
        ServerProcess(data_dir) as server,
        Peer(contract, server.grpc_target, CLIENT_KEY) as client,
        Peer(contract, server.grpc_target, RUNNER_KEY) as runner,
    ):
        workflow_id = client.call(WORKFLOW_COMMAND, "create", workflow("plain")).metadata.id
        execution_id = client.call(EXECUTION_COMMAND, "create", execution(workflow_id)).metadata.id
        first = event(execution_id, 1, "workflow_started")
        with full_disk(server):
            for peer, service, method, request in (
                (client, EXECUTION_COMMAND, "create", execution(workflow_id)),
                (runner, PROGRESS, "ReportProgress", first),
            ):
                code, message = peer.refusal(service, method, request)
                assert (code, "the store cannot be reached" in message) == ("UNAVAILABLE", True)
            assert client.call(EXECUTION_QUERY, "get", {"value": execution_id}).metadata.id == execution_id
        assert runner.call(PROGRESS, "ReportProgress", first).success
        client.call(EXECUTION_COMMAND, "create", execution(workflow_id))
        assert server.text.count('"the store cannot be reached"') == 1
        assert server.text.count('"the store is reached again"') == 1
    assert "Traceback" not in server.text
