"""A subscriber by the contract's `subscribe`, with grpcio."""

import asyncio
from types import TracebackType
from typing import Any, Self

import grpc
import grpc.aio

from packages.server.tests.grpcio_contract import Contract
from packages.server.tests.grpcio_peer import EXECUTION_QUERY

from .following import Habits, Seen
from .judgement import SnapshotsSeen
from .passing import PASSING, RETRY_SECONDS


class GrpcSubscriber:
    """One connection; each execution is a stream of snapshots on it. An async context manager."""

    def __init__(self, contract: Contract, target: str, key: str, tasks: int, habits: Habits, seen: Seen) -> None:
        # Channels of a process would share one connection otherwise.
        self._channel = grpc.aio.insecure_channel(target, options=[("grpc.use_local_subchannel_pool", 1)])
        self._subscribe = contract.stubs[EXECUTION_QUERY](self._channel).subscribe
        self._request = contract.request(EXECUTION_QUERY, "subscribe")
        self._metadata = (("authorization", f"Bearer {key}"),)
        self._tasks = [f"t{number}" for number in range(tasks)]
        self._habits = habits
        self._seen = seen

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._channel.close()

    async def follow(self, run: str) -> None:
        """As `Follower.follow`."""
        snapshots = SnapshotsSeen(run, self._tasks)
        while True:
            call = self._subscribe(self._request(execution_id=run), metadata=self._metadata)
            try:
                if await self._read(call, snapshots):
                    break
                self._seen.came_back += 1
            except grpc.aio.AioRpcError as error:
                if error.code() not in PASSING:
                    snapshots.wrong.append(f"{run}: {error.code()} {error.details()}")
                    break
                self._seen.cut_off += 1
                await asyncio.sleep(RETRY_SECONDS)
            finally:
                call.cancel()
            snapshots.reconnected()
        snapshots.ended()
        self._seen.followed += 1
        self._seen.wrong += snapshots.wrong

    async def _read(self, call: Any, snapshots: SnapshotsSeen) -> bool:
        """Whether the stream came to its end; else it was left."""
        read = 0
        async for execution in call:
            read += 1
            self._seen.messages += 1
            status = execution.status
            snapshots.saw(status.phase, [(task.task_name, task.status) for task in status.tasks])
            if read == self._habits.leaves_after:
                return False
            await asyncio.sleep(self._habits.pause_seconds)
        return True
