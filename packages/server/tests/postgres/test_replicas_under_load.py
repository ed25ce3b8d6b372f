"""Two servers behind one address, under load, and one of them is killed."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from packages.server.tests.grpcio_contract import Contract
from packages.server.tests.postgres.replicas import replicas
from scripts.load.balancer import balancer
from scripts.load.campaign import Campaign, Outcome, Place, Plan

PLAN = Plan(executions=36, subscribers=8, runners=2, ahead=12)
_LOOK_SECONDS = 0.05


async def load(
    contract: Contract, grpc_ports: list[int], http_ports: list[int], at_a_third: Callable[[], None]
) -> Outcome:
    """The outcome of the plan, when this happens once a third of the executions have ended."""
    async with balancer(grpc_ports) as grpc, balancer(http_ports) as http:
        place = Place(target=f"127.0.0.1:{grpc.port}", url=f"http://127.0.0.1:{http.port}")
        campaign = Campaign(PLAN, place, contract)
        running = asyncio.create_task(campaign.run())
        try:
            while campaign.done < PLAN.executions // 3 and not running.done():
                await asyncio.sleep(_LOOK_SECONDS)
            assert not running.done() or running.result()
            await asyncio.to_thread(at_a_third)
            return await running
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running


async def test_a_killed_replica_costs_nothing_that_was_acknowledged(
    contract: Contract, database: str, tmp_path: Path
) -> None:
    with replicas(database, tmp_path) as servers:
        ports = [server.grpc_port for server in servers], [server.http_port for server in servers]
        outcome = await load(contract, *ports, servers[0].kill)
        survivor = servers[1].text
    assert outcome.wrong == []
    # The kill was felt: streams were cut and taken up again, and reports were told once more.
    assert outcome.cut_off > 0
    assert outcome.repeats > 0
    assert '"level": "error"' not in survivor
