"""A load with something that happens in the middle of it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from packages.server.tests.grpcio_contract import Contract

from .balancer import Balancer, balancer
from .campaign import Campaign, Outcome, Place, Plan

Incident = Callable[[Balancer, Balancer], Awaitable[None]]


async def interrupted_load(
    plan: Plan, contract: Contract, ports: Sequence[tuple[int, int]], incident: Incident
) -> Outcome:
    """The outcome of a plan on servers (their gRPC and HTTP ports) behind one address for each protocol.

    The incident comes once a third of the executions have ended, and gets the balancers of gRPC and HTTP.
    """
    async with balancer([grpc for grpc, _ in ports]) as by_grpc, balancer([http for _, http in ports]) as by_http:
        place = Place(target=f"127.0.0.1:{by_grpc.port}", url=f"http://127.0.0.1:{by_http.port}")
        campaign = Campaign(plan, place, contract)

        async def interrupt() -> None:
            await campaign.until_done(plan.executions // 3)
            await incident(by_grpc, by_http)

        async with asyncio.TaskGroup() as group:
            running = group.create_task(campaign.run())
            group.create_task(interrupt())
        return running.result()
