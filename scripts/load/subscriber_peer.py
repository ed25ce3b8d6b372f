"""A process with many subscribers, each with a connection of its own.

It gets a JSON line for each execution that one of them is to follow, tells a line for each that was followed to its
end, and ends, with what they saw, when its standard input has ended and everything was followed.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

from packages.server.tests.grpcio_contract import Contract, compile_contract

from .following import Follower, Habits, Seen
from .grpc_subscriber import GrpcSubscriber
from .processes import lines_of_input, tell
from .sse_subscriber import SseSubscriber

_AT_ONCE: Final = 4
_SLOW_EVERY: Final = 5
_RECONNECTING_EVERY: Final = 4


def habits_of(number: int) -> Habits:
    """Every fifth subscriber is slow; every fourth leaves after ten messages and comes back."""
    return Habits(
        pause_seconds=0.02 if number % _SLOW_EVERY == 1 else 0.0,
        leaves_after=10 if number % _RECONNECTING_EVERY == 0 else None,
    )


class Subscribers:
    """Some followers, each with some executions to follow at a time."""

    def __init__(self, followers: list[Follower]) -> None:
        self._followers = followers
        self._places = [asyncio.Semaphore(_AT_ONCE) for _ in followers]

    async def follow(self, number: int, run: str) -> None:
        """Let the follower of this number follow an execution to its end."""
        async with self._places[number]:
            await self._followers[number].follow(run)
        tell({"seen": run})


@asynccontextmanager
async def _followers(given: dict[str, Any], contract: Contract, seen: Seen) -> AsyncIterator[list[Follower]]:
    async with AsyncExitStack() as stack:
        followers: list[Follower] = []
        for number in range(given["count"]):
            habits = habits_of(number)
            follower: GrpcSubscriber | SseSubscriber
            if given["kind"] == "grpc":
                follower = GrpcSubscriber(contract, given["target"], given["key"], given["tasks"], habits, seen)
            else:
                follower = SseSubscriber(given["url"], given["key"], given["tasks"], habits, seen)
            followers.append(await stack.enter_async_context(follower))
        yield followers


async def _serve(given: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        contract = compile_contract(Path(folder))
    seen = Seen()
    async with _followers(given, contract, seen) as followers, asyncio.TaskGroup() as following:
        subscribers = Subscribers(followers)
        orders = await lines_of_input()
        tell({"ready": True})
        while line := await orders.readline():
            order = json.loads(line)
            following.create_task(subscribers.follow(order["subscriber"], order["run"]))
    tell({"result": seen.result()})


if __name__ == "__main__":
    asyncio.run(_serve(json.loads(sys.argv[1])))
