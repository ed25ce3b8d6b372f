"""The agent services of the Stigmer service, with its failures in three kinds: away, refused, not there."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError
from stigmer_proto.ai.stigmer.agentic.agent.v1 import Agent, AgentQueryControllerStub
from stigmer_proto.ai.stigmer.agentic.agentexecution.v1 import (
    AgentExecution,
    AgentExecutionCommandControllerStub,
    AgentExecutionId,
    AgentExecutionQueryControllerStub,
    CancelAgentExecutionInput,
)
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceReference

from stigmer_runner.config import StigmerService
from stigmer_runner.service_connection import ServiceConnection

_T = TypeVar("_T")
_PASSING: Final = frozenset({Status.UNAVAILABLE, Status.RESOURCE_EXHAUSTED, Status.ABORTED})
_IN_DOUBT: Final = frozenset({Status.DEADLINE_EXCEEDED, Status.CANCELLED, Status.UNKNOWN, Status.INTERNAL})


class Away(Exception):
    """The service cannot be reached, or says that it cannot answer now. `in_doubt`: it may have done what was asked."""

    def __init__(self, why: str, *, in_doubt: bool) -> None:
        super().__init__(why)
        self.in_doubt = in_doubt


class RefusedByService(Exception):
    """The service answered with a status that no repetition changes."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(f"{status.name}: {message}" if message else status.name)
        self.status = status
        self.message = message


class AgentClient(ServiceConnection):
    """Calls the agent services over one connection, made when first needed. An async context manager.

    Every method raises Away or RefusedByService.
    """

    def __init__(self, service: StigmerService, tls: ssl.SSLContext | None, *, rpc_seconds: float) -> None:
        super().__init__(service, tls)
        self._rpc_seconds = rpc_seconds

    @property
    def service(self) -> StigmerService:
        """The service that is called."""
        return self._service

    async def agent(self, reference: ApiResourceReference) -> Agent:
        """The agent of this owner and slug."""
        stub = AgentQueryControllerStub(self._channel, metadata=self._metadata)
        return await self._ask(lambda: stub.get_by_reference(reference))

    async def create(self, execution: AgentExecution) -> AgentExecution:
        """Start a run."""
        stub = AgentExecutionCommandControllerStub(self._channel, metadata=self._metadata)
        return await self._ask(lambda: stub.create(execution))

    async def cancel(self, execution_id: str, reason: str) -> None:
        """Ask a run to stop."""
        stub = AgentExecutionCommandControllerStub(self._channel, metadata=self._metadata)
        await self._ask(lambda: stub.cancel(CancelAgentExecutionInput(id=execution_id, reason=reason)))

    async def find(self, execution_id: str) -> AgentExecution | None:
        """The run of this id, or None when there is none."""
        stub = AgentExecutionQueryControllerStub(self._channel, metadata=self._metadata)
        try:
            return await self._ask(lambda: stub.get(AgentExecutionId(value=execution_id)))
        except RefusedByService as refused:
            if refused.status is Status.NOT_FOUND:
                return None
            raise

    async def watch(self, execution_id: str, seen: Callable[[AgentExecution], bool]) -> AgentExecution | None:
        """Follow a run's stream until `seen` tells that it is enough.

        Returns:
            What was seen last then, or None when the stream ended before.
        """
        stub = AgentExecutionQueryControllerStub(self._channel, metadata=self._metadata)

        async def follow() -> AgentExecution | None:
            async for execution in stub.subscribe(AgentExecutionId(value=execution_id)):
                if seen(execution):
                    return execution
            return None

        return await _sorted(follow)

    async def _ask(self, call: Callable[[], Awaitable[_T]]) -> _T:
        async def ask() -> _T:
            return await call()

        try:
            async with asyncio.timeout(self._rpc_seconds):
                return await _sorted(ask)
        except TimeoutError:
            raise Away(f"no answer within {self._rpc_seconds:g} s", in_doubt=True) from None


async def _sorted(call: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
    """Await a call in a task of its own: grpclib wakes a call by cancelling its task and never takes that back."""
    calling = asyncio.create_task(call())
    try:
        return await calling
    except GRPCError as error:
        if error.status in _PASSING or error.status in _IN_DOUBT:
            raise Away(error.status.name, in_doubt=error.status in _IN_DOUBT) from None
        raise RefusedByService(error.status, error.message or "") from None
    except StreamTerminatedError as error:
        raise Away(str(error), in_doubt=True) from None
    except OSError as error:
        # Only making the connection raises these.
        raise Away(error.strerror or str(error), in_doubt=False) from None
    finally:
        calling.cancel()
