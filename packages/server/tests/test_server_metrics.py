"""`GET /metrics`: the numbers of a server that has been asked for something."""

from collections.abc import Callable
from pathlib import Path

import httpx
from stigmer_server.testing import CLIENT_KEY, RUNNER_KEY, ServerProcess

from packages.ports.tests.told_metrics import Metrics, documented, until
from packages.server.tests.grpcio_peer import EXECUTION_COMMAND, EXECUTION_QUERY, PROGRESS, WORKFLOW_COMMAND, Peer
from packages.server.tests.http_server import http_server
from packages.server.tests.samples import event, execution, workflow

Connect = Callable[[ServerProcess, str], Peer]

CHANGES = "stigmer_server_execution_changes_total"
GRPC = "stigmer_server_grpc_requests_total"
HTTP = "stigmer_server_http_requests_total"


async def test_a_run_is_counted_from_its_creation_to_its_end(data_dir: Path, connect: Connect) -> None:
    with ServerProcess(data_dir) as server:
        client, runner = connect(server, CLIENT_KEY), connect(server, RUNNER_KEY)
        before = Metrics(server.http_url)
        assert before.names == documented("server.md")
        assert before.value(CHANGES, phase="EXECUTION_PENDING") == 0
        assert before.value("stigmer_server_outbox_orders") == 0
        made = client.call(WORKFLOW_COMMAND, "apply", workflow("a-name-that-tells"))
        run = client.call(EXECUTION_COMMAND, "create", execution(made.metadata.id)).metadata.id
        # There is no runner to take it.
        assert Metrics(server.http_url).value("stigmer_server_outbox_orders") == 1
        subscription = client.stream(EXECUTION_QUERY, "subscribe", {"executionId": run})
        next(subscription)
        assert Metrics(server.http_url).value("stigmer_server_subscribers") == 1
        for sequence, kind in enumerate(("workflow_started", "workflow_completed", "workflow_completed"), start=1):
            runner.call(PROGRESS, "ReportProgress", event(run, sequence, kind))
        assert len(list(subscription)) > 0
        found = await until(server.http_url, "stigmer_server_subscribers", 0)
        for phase in ("PENDING", "IN_PROGRESS", "COMPLETED"):
            assert found.value(CHANGES, phase=f"EXECUTION_{phase}") == 1
        assert found.value(CHANGES, phase="EXECUTION_FAILED") == 0
        assert found.value("stigmer_server_store_write_seconds_count") > 4
        await until(server.http_url, GRPC, 3, service=PROGRESS, method="ReportProgress", code="OK")
        assert not any(told in found.text for told in (run, made.metadata.id, "a-name-that-tells", CLIENT_KEY))


async def test_what_is_refused_is_counted_by_its_code(data_dir: Path, connect: Connect) -> None:
    with ServerProcess(data_dir) as server:
        client, stranger = connect(server, CLIENT_KEY), connect(server, "nonsense")
        assert stranger.refusal(EXECUTION_QUERY, "get", {"value": "wex-no"})[0] == "UNAUTHENTICATED"
        assert client.refusal(EXECUTION_QUERY, "get", {"value": "wex-no"})[0] == "NOT_FOUND"
        known = {"service": EXECUTION_QUERY, "method": "get"}
        await until(server.http_url, GRPC, 1, code="UNAUTHENTICATED", **known)
        await until(server.http_url, GRPC, 1, code="NOT_FOUND", **known)
        async with httpx.AsyncClient(base_url=server.http_url) as http:
            headers = {"authorization": f"Bearer {CLIENT_KEY}"}
            for path in ("executions/wex-1", "executions/wex-2", "executions/wex-1/events"):
                assert (await http.get(f"/api/v1/{path}", headers=headers)).status_code == 404
            assert (await http.get("/api/v1/me")).status_code == 401
            assert (await http.get("/made-up-4711")).status_code == 404
            assert (await http.request("MADEUP", "/healthz")).status_code == 405
        found = Metrics(server.http_url)
        assert found.value("stigmer_server_failed_logins_total") == 2
        assert found.value(HTTP, method="GET", route="/api/v1/executions/{id}", code="404") == 2
        assert found.value(HTTP, method="GET", route="/api/v1/executions/{id}/events", code="404") == 1
        assert found.value(HTTP, method="GET", route="unknown", code="404") == 1
        assert found.value(HTTP, method="unknown", route="/healthz", code="405") == 1
        assert not any(told in found.text for told in ("wex-1", "made-up-4711", "MADEUP"))
        assert found.value("stigmer_build_info", service="stigmer-server") == 1


async def test_each_server_of_a_process_counts_alone(tmp_path: Path) -> None:
    async with http_server(tmp_path / "a") as one, http_server(tmp_path / "b") as other:
        for _ in range(3):
            await one.client.get("/healthz")
        await other.client.get("/healthz")
        labels = {"method": "GET", "route": "/healthz", "code": "200"}
        told = [server.application.metrics.registry.get_sample_value(HTTP, labels) for server in (one, other)]
        assert told == [3, 1]
