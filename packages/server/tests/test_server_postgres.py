"""Several servers on one PostgreSQL database."""

import base64
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from stigmer_server.testing import CLIENT_KEY, RUNNER_KEY, ServerProcess

from packages.server.tests.grpcio_contract import Contract
from packages.server.tests.grpcio_peer import (
    ENVIRONMENT_COMMAND,
    ENVIRONMENT_QUERY,
    EXECUTION_COMMAND,
    EXECUTION_QUERY,
    PROGRESS,
    WORKFLOW_COMMAND,
    Peer,
)
from packages.server.tests.postgres_server import postgres_server
from packages.server.tests.samples import OWNER, event, execution, workflow

COMPLETED = 3
TASKS = 30
GONE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    with postgres_server() as url:
        yield url


class Pair:
    """Two servers on one database, started at the same moment, so that one has to wait for the other's migrations."""

    def __init__(self, contract: Contract, database: str, folder: Path, stack: ExitStack) -> None:
        settings = {
            "STIGMER_DATABASE_URL": database,
            "STIGMER_SECRET_KEYS": f"k1:{base64.b64encode(bytes(32)).decode()}",
            "STIGMER_SERVER_REQUESTS_PER_SECOND": "100000",
        }
        self.servers = [ServerProcess(folder / name, settings) for name in ("first", "second")]
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(ServerProcess.__enter__, self.servers))
        for server in self.servers:
            stack.push(server.__exit__)
        self._contract = contract
        self._stack = stack

    def peer(self, number: int, key: str) -> Peer:
        return self._stack.enter_context(Peer(self._contract, self.servers[number].grpc_target, key))


@pytest.fixture
def pair(contract: Contract, database: str, tmp_path: Path) -> Iterator[Pair]:
    """Two servers that run."""
    with ExitStack() as stack:
        yield Pair(contract, database, tmp_path, stack)


def test_what_one_server_takes_the_other_knows(pair: Pair) -> None:
    one, other = pair.peer(0, CLIENT_KEY), pair.peer(1, CLIENT_KEY)
    data = {"TOKEN": {"value": "tell-nobody", "isSecret": True}}
    made = one.call(ENVIRONMENT_COMMAND, "create", {"metadata": {"name": "shared", **OWNER}, "spec": {"data": data}})
    shown = pair.peer(1, RUNNER_KEY).call(ENVIRONMENT_QUERY, "get", {"value": made.metadata.id})
    assert shown.spec.data["TOKEN"].value == "tell-nobody"
    # The same name at the same moment on both: one of each pair wins, whichever it is.
    for number in range(20):
        calls = [peer.later(WORKFLOW_COMMAND, "create", workflow(f"raced-{number}")) for peer in (one, other)]
        codes = sorted(call.code().name for call in calls)
        assert codes == ["ALREADY_EXISTS", "OK"]
        calls = [peer.later(WORKFLOW_COMMAND, "apply", workflow(f"applied-{number}")) for peer in (one, other)]
        assert len({call.result().metadata.id for call in calls}) == 1
    orders = one.call(WORKFLOW_COMMAND, "create", workflow("pair")).metadata.id
    calls = [peer.later(EXECUTION_COMMAND, "create", execution(orders)) for peer in (one, other)]
    assert len({call.result().spec.workflow_instance_id for call in calls}) == 1


def test_followers_on_one_server_hear_of_events_on_the_other(pair: Pair) -> None:
    one, other = pair.peer(0, CLIENT_KEY), pair.peer(1, RUNNER_KEY)
    orders = one.call(WORKFLOW_COMMAND, "create", workflow("heard")).metadata.id
    run = one.call(EXECUTION_COMMAND, "create", execution(orders)).metadata.id
    stream = one.stream(EXECUTION_QUERY, "subscribe", {"executionId": run})
    next(stream)
    for sequence, kind in enumerate(("workflow_started", "workflow_completed"), 1):
        assert other.call(PROGRESS, "ReportProgress", event(run, sequence, kind)).success
    assert [seen.status.phase for seen in stream][-1] == COMPLETED
    assert "changes of other servers are not heard" not in pair.servers[0].text


class Reporter:
    """Reports the events of a run to whichever server answers, each until it is acknowledged."""

    def __init__(self, peers: list[Peer], run: str) -> None:
        self._peers = peers
        self._run = run

    def report(self, number: int) -> None:
        kinds = ("workflow_started", *["task_started"] * TASKS, "workflow_completed")
        for sequence, kind in enumerate(kinds, 1):
            task = {"taskName": f"t{sequence}", "taskReference": f"/do/{sequence}"} if kind == "task_started" else {}
            while True:
                try:
                    peer = self._peers[number % len(self._peers)]
                    assert peer.call(PROGRESS, "ReportProgress", event(self._run, sequence, kind, **task)).success
                    break
                except grpc.RpcError as error:
                    if error.code() not in GONE:
                        raise
                    number += 1


def follow(peers: list[Peer], run: str, number: int) -> tuple[Any, list[int]]:
    """The last snapshot, and how many tasks each had; a stream that breaks is taken up at the other server."""
    counts: list[int] = []
    while True:
        try:
            for seen in peers[number % len(peers)].stream(EXECUTION_QUERY, "subscribe", {"executionId": run}):
                counts.append(len(seen.status.tasks))
        except grpc.RpcError as error:
            if error.code() not in GONE:
                raise
            number += 1
        else:
            return seen, counts


def test_one_server_is_killed_under_load_and_nothing_is_lost(pair: Pair) -> None:
    clients = [pair.peer(number, CLIENT_KEY) for number in (0, 1)]
    runners = [pair.peer(number, RUNNER_KEY) for number in (0, 1)]
    orders = clients[0].call(WORKFLOW_COMMAND, "create", workflow("killed")).metadata.id
    runs = [clients[0].call(EXECUTION_COMMAND, "create", execution(orders)).metadata.id for _ in range(16)]
    killer = threading.Timer(1.0, pair.servers[0].kill)
    with ThreadPoolExecutor(32) as threads:
        followers = [threads.submit(follow, clients, run, number) for number, run in enumerate(runs)]
        reports = [threads.submit(Reporter(runners, run).report, number) for number, run in enumerate(runs)]
        killer.start()
        for report in reports:
            report.result()
        for follower in followers:
            last, counts = follower.result()
            assert last.status.phase == COMPLETED
            assert [task.task_name for task in last.status.tasks] == [f"t{number}" for number in range(2, TASKS + 2)]
            assert counts == sorted(counts)
    killer.join()
