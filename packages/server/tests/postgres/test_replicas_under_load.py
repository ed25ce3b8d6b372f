"""Two servers behind one address, under load, and one of them is killed."""

import asyncio
from pathlib import Path

from packages.server.tests.grpcio_contract import Contract
from packages.server.tests.postgres.replicas import PLAN, ports_of, replicas
from scripts.load.balancer import Balancer
from scripts.load.interrupted import interrupted_load


async def test_a_killed_replica_costs_nothing_that_was_acknowledged(
    contract: Contract, database: str, tmp_path: Path
) -> None:
    with replicas(database, tmp_path) as servers:

        async def kill(_grpc: Balancer, _http: Balancer) -> None:
            await asyncio.to_thread(servers[0].kill)

        outcome = await interrupted_load(PLAN, contract, ports_of(servers), kill)
        survivor = servers[1].text
    assert outcome.wrong == []
    # The kill was felt: streams were cut and taken up again, or reports were told once more. Whose connections were to
    # the killed one, the balancer says.
    assert outcome.cut_off + outcome.repeats > 0
    assert '"level": "info"' in survivor
    assert '"level": "error"' not in survivor
