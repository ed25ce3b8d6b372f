"""Calls to runners: one connection for each, every failure told as what it says about the run."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from enum import Enum, auto
from types import TracebackType
from typing import Final, Self, TypeVar

from grpclib.client import Channel
from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError
from grpclib.health.v1.health_grpc import HealthStub
from grpclib.health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from pydantic import SecretStr
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import (
    WorkflowExecutionServiceStub,
    WorkflowRunnerHealth,
    WorkflowRunnerHealthState,
)

from stigmer_server.orchestration.address import RunnerAddress, runner_address

_A = TypeVar("_A")
_UNHEALTHY: Final = WorkflowRunnerHealthState.UNREACHABLE


class Reached(Enum):
    """How far a call got that failed."""

    NOT_SENT = auto()
    """The runner never saw it."""
    ANSWERED = auto()
    """The runner refused it."""
    UNKNOWN = auto()
    """It was sent, and no answer came: the runner may have done what was asked."""


class RunnerCallFailed(Exception):
    """A call to a runner that brought no result. `status` is set when the runner answered."""

    def __init__(self, message: str, reached: Reached, status: Status | None = None) -> None:
        super().__init__(message)
        self.reached = reached
        self.status = status


class RunnerCalls:
    """Connections to runners, made when first needed and kept while they are wanted. An async context manager."""

    def __init__(self, *, key: SecretStr | None, tls: ssl.SSLContext, timeout_seconds: float) -> None:
        self._key = key
        self._tls = tls
        self._timeout_seconds = timeout_seconds
        self._channels: dict[RunnerAddress, Channel] = {}
        self._under_way: Counter[Channel] = Counter()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()

    def keep(self, endpoints: Iterable[str]) -> None:
        """Close the connections to all other runners, but those with calls under way."""
        kept = {runner_address(endpoint) for endpoint in endpoints}
        for address in [address for address in self._channels if address not in kept]:
            if not self._under_way[self._channels[address]]:
                self._channels.pop(address).close()

    async def call(self, endpoint: str, call: Callable[[WorkflowExecutionServiceStub], Awaitable[_A]]) -> _A:
        """The answer to `call` of the runner at `endpoint`. Raises RunnerCallFailed."""
        metadata = {"authorization": f"Bearer {self._key.get_secret_value()}"} if self._key is not None else None

        async def of_stub(channel: Channel) -> _A:
            return await call(WorkflowExecutionServiceStub(channel, metadata=metadata))

        return await self._bounded(endpoint, of_stub)

    async def health(self, endpoint: str) -> WorkflowRunnerHealth:
        """What the runner says about itself. Never raises."""

        async def check(channel: Channel) -> HealthCheckResponse:
            answer: HealthCheckResponse = await HealthStub(channel).Check(HealthCheckRequest())
            return answer

        try:
            answer = await self._bounded(endpoint, check)
        except RunnerCallFailed as failed:
            if failed.status is Status.UNIMPLEMENTED:
                # A runner without the health service is as healthy as its connection.
                return WorkflowRunnerHealth(state=WorkflowRunnerHealthState.HEALTHY)
            return WorkflowRunnerHealth(state=_UNHEALTHY, message=str(failed))
        if answer.status == HealthCheckResponse.SERVING:
            return WorkflowRunnerHealth(state=WorkflowRunnerHealthState.HEALTHY)
        return WorkflowRunnerHealth(
            state=WorkflowRunnerHealthState.NOT_SERVING,
            message="it says that it takes no work at the moment",
        )

    async def _bounded(self, endpoint: str, call: Callable[[Channel], Awaitable[_A]]) -> _A:
        channel = self._channel(endpoint)

        async def in_its_own_task() -> _A:
            return await call(channel)

        calling: asyncio.Task[_A] | None = None
        self._under_way[channel] += 1
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._connect(channel, endpoint)
                # grpclib wakes a call by cancelling its task and never takes that back: it gets a task of its own.
                calling = asyncio.create_task(in_its_own_task())
                return await calling
        except TimeoutError:
            reached = Reached.UNKNOWN if calling is not None else Reached.NOT_SENT
            raise RunnerCallFailed(f"{endpoint} did not answer within {self._timeout_seconds:g} s", reached) from None
        except GRPCError as error:
            words = f": {error.message}" if error.message else ""
            raise RunnerCallFailed(
                f"{endpoint} answered {error.status.name}{words}", Reached.ANSWERED, error.status
            ) from None
        except (StreamTerminatedError, OSError) as error:
            raise RunnerCallFailed(f"the connection to {endpoint} was lost: {error}", Reached.UNKNOWN) from None
        finally:
            if calling is not None:
                calling.cancel()
            self._under_way[channel] -= 1
            if not self._under_way[channel]:
                del self._under_way[channel]

    async def _connect(self, channel: Channel, endpoint: str) -> None:
        try:
            await channel.__connect__()
        except (OSError, ssl.SSLError) as error:
            raise RunnerCallFailed(f"no connection to {endpoint}: {error}", Reached.NOT_SENT) from None

    def _channel(self, endpoint: str) -> Channel:
        address = runner_address(endpoint)
        if address not in self._channels:
            self._channels[address] = Channel(address.host, address.port, ssl=self._tls if address.tls else None)
        return self._channels[address]


def runner_tls(ca_file: str | None) -> ssl.SSLContext:
    """TLS for calls to runners. Raises OSError or ssl.SSLError when the file cannot be used."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    context.set_alpn_protocols(["h2"])
    return context
