"""What the service says about signals to a runner that it calls directly, and that it works."""

from pathlib import Path

import httpx
from stigmer_server.testing import ADMIN_KEY, CLIENT_KEY, ServerProcess

from packages.server.tests.grpcio_contract import compile_contract
from packages.server.tests.grpcio_peer import EXECUTION_COMMAND, RUNNER_COMMAND, Peer
from packages.server.tests.samples import workflow
from tests.contract.test_server_runner import (
    CALL_KEY,
    COMPLETED,
    HEALTHY,
    IN_PROGRESS,
    QUICK,
    registration,
    runner_process,
    started,
    until_phase,
    wait_for_health,
)

LISTEN = {
    "name": "approval",
    "kind": "WORKFLOW_TASK_KIND_LISTEN",
    "taskConfig": {"to": {"mode": "one", "signals": [{"id": "approved", "type": "signal"}]}},
}


def test_a_signal_is_refused_with_a_way_that_works(tmp_path: Path) -> None:
    contract = compile_contract(tmp_path)
    with (
        ServerProcess(tmp_path / "server", QUICK) as server,
        runner_process(server) as process,
        Peer(contract, server.grpc_target, ADMIN_KEY) as admin,
        Peer(contract, server.grpc_target, CLIENT_KEY) as client,
    ):
        runner_id = admin.call(RUNNER_COMMAND, "Create", registration("first", process)).metadata.id
        wait_for_health(admin, runner_id, HEALTHY)
        run_id = started(client, workflow("approving", tasks=[LISTEN]))
        until_phase(client, run_id, IN_PROGRESS)
        signal = {"executionId": run_id, "signalName": "approved"}
        status, message = client.refusal(EXECUTION_COMMAND, "sendSignal", signal)
        assert status == "UNIMPLEMENTED"
        for told in ("'approved'", run_id, "/api/v1/events", process.grpc_target, "STIGMER_ORCHESTRATION=temporal"):
            assert told in message
        sent = httpx.post(
            f"{process.http_url}/api/v1/events",
            headers={"authorization": f"Bearer {CALL_KEY}", "content-type": "application/cloudevents+json"},
            json={"specversion": "1.0", "id": "approved", "type": "signal", "source": "/desk/1", "data": {"ok": True}},
        )
        assert sent.status_code == 202
        ended = until_phase(client, run_id, COMPLETED)
        assert ended.status.output["value"][0]["ok"] is True
