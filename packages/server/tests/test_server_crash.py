"""What was acknowledged is there after the process is killed under load."""

import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from stigmer_server.testing import CLIENT_KEY, RUNNER_KEY, ServerProcess

from packages.server.tests.grpcio_contract import Contract
from packages.server.tests.grpcio_peer import (
    EXECUTION_COMMAND,
    EXECUTION_QUERY,
    PROGRESS,
    WORKFLOW_COMMAND,
    WORKFLOW_QUERY,
    Peer,
)
from packages.server.tests.samples import event, execution, workflow

WRITERS = 24
ENOUGH = 400


class Load:
    """Writers that never stop, and what they were told is stored."""

    def __init__(self, runner: Peer, client: Peer, workflow_id: str) -> None:
        self._runner = runner
        self._client = client
        self._workflow_id = workflow_id
        self._lock = threading.Lock()
        self.events: dict[str, int] = defaultdict(int)
        self.workflows: dict[str, Any] = {}
        self.count = 0
        self.enough = threading.Event()

    def report(self, execution_id: str) -> None:
        sequence = 0
        while True:
            sequence += 1
            told = event(execution_id, sequence, "task_started", taskName="t", taskReference=f"/do/{sequence % 50}/t")
            try:
                assert self._runner.call(PROGRESS, "ReportProgress", told).success
            except grpc.RpcError:
                return
            with self._lock:
                self.events[execution_id] = sequence
                self.count += 1
                if self.count >= ENOUGH:
                    self.enough.set()

    def register(self, number: int) -> None:
        version = 0
        while True:
            version += 1
            try:
                made = self._client.call(
                    WORKFLOW_COMMAND, "apply", workflow(f"load-{number}", description=f"version {version}")
                )
                run = self._client.call(EXECUTION_COMMAND, "create", execution(self._workflow_id))
            except grpc.RpcError:
                return
            with self._lock:
                self.workflows[made.metadata.id] = max(version, self.workflows.get(made.metadata.id, 0))
                self.events.setdefault(run.metadata.id, 0)


def test_nothing_acknowledged_is_lost_by_a_kill(contract: Contract, tmp_path: Path) -> None:
    plenty = {"STIGMER_SERVER_REQUESTS_PER_SECOND": "100000"}
    with ServerProcess(tmp_path, plenty) as server:
        with (
            Peer(contract, server.grpc_target, CLIENT_KEY) as client,
            Peer(contract, server.grpc_target, RUNNER_KEY) as runner,
        ):
            orders = client.call(WORKFLOW_COMMAND, "create", workflow("load")).metadata.id
            runs = [client.call(EXECUTION_COMMAND, "create", execution(orders)).metadata.id for _ in range(WRITERS)]
            load = Load(runner, client, orders)
            with ThreadPoolExecutor(WRITERS + 4) as threads:
                for run in runs:
                    threads.submit(load.report, run)
                for number in range(4):
                    threads.submit(load.register, number)
                assert load.enough.wait(120)
                server.kill()
        assert load.workflows
    with ServerProcess(tmp_path, plenty) as server, Peer(contract, server.grpc_target, CLIENT_KEY) as client:
        for run, sequence in load.events.items():
            found = client.call(EXECUTION_QUERY, "get", {"value": run})
            newest = max((task.started_at for task in found.status.tasks), default="")
            expected = "" if not sequence else f"{(1_767_900_000_000 + sequence) % 60_000 / 1000:06.3f}Z"
            assert newest[-7:] >= expected, run
        for workflow_id, version in load.workflows.items():
            found = client.call(WORKFLOW_QUERY, "get", {"value": workflow_id})
            assert int(found.spec.description.removeprefix("version ")) >= version
        with Peer(contract, server.grpc_target, RUNNER_KEY) as runner:
            for run in runs:
                # The log goes on exactly behind what was acknowledged, or one that was stored but not answered.
                following = event(run, load.events[run] + 1, "workflow_completed")
                assert runner.call(PROGRESS, "ReportProgress", following).success
