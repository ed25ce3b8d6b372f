"""Servers on one PostgreSQL database, behind one address."""

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from stigmer_server.testing import ServerProcess

from scripts.load.campaign import Plan

SETTINGS = {
    "STIGMER_SECRET_KEYS": f"k1:{base64.b64encode(bytes(32)).decode()}",
    "STIGMER_SERVER_REQUESTS_PER_SECOND": "100000",
    "STIGMER_SERVER_RUNNER_REQUESTS_PER_SECOND": "100000",
    # An order that is under way when a server dies is free again after three times as long.
    "STIGMER_RUNNER_CALL_SECONDS": "2",
    "STIGMER_RUNNER_CHECK_SECONDS": "0.5",
}

PLAN = Plan(executions=36, subscribers=8, runners=2, ahead=12)


def ports_of(servers: list[ServerProcess]) -> list[tuple[int, int]]:
    """The gRPC and the HTTP port of each."""
    return [(server.grpc_port, server.http_port) for server in servers]


@contextmanager
def replicas(url: str, folder: Path, count: int = 2) -> Iterator[list[ServerProcess]]:
    """So many servers, started at the same moment; those that still run are ended with the block."""
    settings = {"STIGMER_DATABASE_URL": url, **SETTINGS}
    servers = [ServerProcess(folder / f"replica-{number}", settings) for number in range(count)]
    with ExitStack() as stack:
        with ThreadPoolExecutor(count) as threads:
            list(threads.map(ServerProcess.__enter__, servers))
        for server in servers:
            stack.push(server.__exit__)
        yield servers
