"""The load of `just load-server` in a short form, and a server that is killed under it."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

import pytest
from stigmer_server.testing import ServerProcess

from packages.server.tests.grpcio_contract import Contract
from scripts.load.balancer import Balancer
from scripts.load.campaign import Campaign, Place, Plan
from scripts.load.interrupted import interrupted_load

SETTINGS = {
    "STIGMER_SERVER_REQUESTS_PER_SECOND": "100000",
    "STIGMER_SERVER_RUNNER_REQUESTS_PER_SECOND": "100000",
    "STIGMER_RUNNER_CALL_SECONDS": "2",
}


async def test_no_subscriber_misses_anything(contract: Contract, data_dir: Path) -> None:
    with ServerProcess(data_dir, SETTINGS) as server:
        plan = Plan(executions=50, subscribers=10, runners=2)
        outcome = await Campaign(plan, Place(target=server.grpc_target, url=server.http_url), contract).run()
        text = server.text
    assert outcome.wrong == []
    # One subscriber of each kind for every execution, and all of them for the first.
    assert outcome.followed == 2 * 49 + 10
    assert outcome.came_back > 0
    assert outcome.cut_off == 0
    assert '"level": "error"' not in text


@pytest.mark.extended
async def test_a_server_that_is_killed_and_started_again_goes_on(contract: Contract, data_dir: Path) -> None:
    with ExitStack() as stack:
        killed = stack.enter_context(ServerProcess(data_dir, SETTINGS))

        async def kill_and_start(grpc: Balancer, http: Balancer) -> None:
            await asyncio.to_thread(killed.kill)
            server = await asyncio.to_thread(stack.enter_context, ServerProcess(data_dir, SETTINGS))
            grpc.ports, http.ports = [server.grpc_port], [server.http_port]

        plan = Plan(executions=36, subscribers=8, runners=2, ahead=12)
        outcome = await interrupted_load(plan, contract, [(killed.grpc_port, killed.http_port)], kill_and_start)
    assert outcome.wrong == []
    assert outcome.cut_off > 0
