"""The whole way: registered and started by HTTP, run by a real runner, watched by HTTP."""

import json
from pathlib import Path

import httpx
from stigmer_runner.testing import RunnerProcess
from stigmer_server.testing import ADMIN_KEY, CLIENT_KEY, RUNNER_KEY, ServerProcess

from packages.server.tests.grpcio_contract import Contract
from packages.server.tests.grpcio_peer import RUNNER_COMMAND, Peer
from packages.server.tests.http_server import ORDER


def test_a_run_on_a_real_runner(contract: Contract, data_dir: Path) -> None:
    with ServerProcess(data_dir, {"STIGMER_RUNNER_CHECK_SECONDS": "0.2"}) as server:
        settings = {
            "STIGMER_SERVICE_ENDPOINT": server.grpc_target,
            "STIGMER_SERVICE_API_KEY": RUNNER_KEY,
            "STIGMER_SERVICE_TLS_ENABLED": "false",
        }
        headers = {"authorization": f"Bearer {CLIENT_KEY}"}
        with (
            RunnerProcess(settings) as runner,
            Peer(contract, server.grpc_target, ADMIN_KEY) as admin,
            httpx.Client(base_url=server.http_url, headers=headers, trust_env=False, timeout=60) as client,
        ):
            endpoint = f"grpc://{runner.grpc_target}"
            metadata = {"name": "local", "ownerScope": "platform"}
            admin.call(RUNNER_COMMAND, "Create", {"metadata": metadata, "spec": {"type": "grpc", "endpoint": endpoint}})
            yaml = {"content-type": "application/yaml"}
            workflow = client.post("/api/v1/workflows", content=ORDER, headers=yaml).json()["metadata"]["id"]
            body = {"spec": {"workflowId": workflow}, "input": {"item": "cup", "amount": 9}}
            started = client.post("/api/v1/executions", json=body).json()
            with client.stream("GET", f"/api/v1/executions/{started['execution_id']}/events") as stream:
                lines = list(stream.iter_lines())
            events = [
                json.loads(line[6:]) for line in lines if line.startswith("data: {") and len(line) > len("data: {}")
            ]
            assert [event["sequence_number"] for event in events] == list(range(1, len(events) + 1))
            assert [event["task_reference"] for event in events if event["event_type"] == "task_started"] == [
                "/do/0/price",
                "/do/1/check",
                "/do/3/ship",
                "/do/3/ship/for/do/0/send",
                "/do/3/ship/for/do/0/send",
                "/do/3/ship/for/do/0/send",
                "/do/4/done",
            ]
            status = client.get(f"/api/v1/executions/{started['execution_id']}").json()
            assert (status["status"], status["progress"], status["output"]) == ("completed", 100, {"done": "yes"})
            assert status["tasks"][0]["output"] == {"total": 63}
            assert status["input"] == body["input"]
