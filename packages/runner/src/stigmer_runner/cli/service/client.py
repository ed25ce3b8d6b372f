"""The calls of the contract that commands make, over one connection, with failures a person can read."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Final, Self, TypeVar

from grpclib.client import Channel
from grpclib.exceptions import GRPCError, StreamTerminatedError
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import (
    WorkflowCommandControllerStub,
    WorkflowQueryControllerStub,
)
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    SubscribeWorkflowExecutionRequest,
    WorkflowExecution,
    WorkflowExecutionCommandControllerStub,
    WorkflowExecutionQueryControllerStub,
)
from stigmer_proto.ai.stigmer.agentic.workflowinstance.v1 import WorkflowInstanceQueryControllerStub
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowRunnerQueryControllerStub

from stigmer_runner.cli.service.access import ServiceAccess
from stigmer_runner.cli.service.failures import PASSING, DetailsReader, ServiceFailure, failure_of, unreachable

_T = TypeVar("_T")

_CALL_SECONDS: Final = 30.0
_PATIENCE_SECONDS: Final = 60.0
_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 3.0


class ServiceClient:
    """A connection to the service, made when first needed. An async context manager."""

    def __init__(self, access: ServiceAccess) -> None:
        self.access = access
        tls = ssl.create_default_context() if access.tls else None
        if tls is not None:
            tls.set_alpn_protocols(["h2"])
        self._channel = Channel(
            access.endpoint.host, access.endpoint.port, ssl=tls, status_details_codec=DetailsReader()
        )
        known = access.authorization
        self.workflow_commands = WorkflowCommandControllerStub(self._channel, metadata=known)
        self.workflows = WorkflowQueryControllerStub(self._channel, metadata=known)
        self.execution_commands = WorkflowExecutionCommandControllerStub(self._channel, metadata=known)
        self.executions = WorkflowExecutionQueryControllerStub(self._channel, metadata=known)
        self.instances = WorkflowInstanceQueryControllerStub(self._channel, metadata=known)
        self.runners = WorkflowRunnerQueryControllerStub(self._channel, metadata=known)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._channel.close()

    async def call(self, call: Callable[[], Awaitable[_T]]) -> _T:
        """The answer to a call. Raises ServiceFailure."""

        async def in_its_own_task() -> _T:
            return await call()

        # grpclib wakes a call by cancelling its task and never takes that back, so the call gets a task of its own.
        calling = asyncio.create_task(in_its_own_task())
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                return await calling
        except TimeoutError:
            raise unreachable(self.access, f"no answer within {_CALL_SECONDS:.0f} s") from None
        except GRPCError as error:
            raise failure_of(error, self.access) from None
        except (StreamTerminatedError, OSError) as error:
            raise unreachable(self.access, error) from None
        finally:
            calling.cancel()

    async def follow(self, execution_id: str) -> AsyncIterator[WorkflowExecution]:
        """The execution now and after every change, until it has ended. Raises ServiceFailure.

        A service that goes away in the middle is waited for: what follows then begins with the state at that time.
        """
        patience, wait = 0.0, _FIRST_WAIT
        seen = False
        while True:
            states: asyncio.Queue[WorkflowExecution | BaseException | None] = asyncio.Queue(maxsize=1)
            reading = asyncio.create_task(self._subscribe(execution_id, states))
            try:
                while isinstance(state := await states.get(), WorkflowExecution):
                    seen, patience, wait = True, 0.0, _FIRST_WAIT
                    yield state
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
            if state is None:
                return
            failure = self._failure(state)
            if not seen or not _passes(state) or patience >= _PATIENCE_SECONDS:
                raise failure from None
            await asyncio.sleep(wait)
            patience, wait = patience + wait, min(wait * 2, _LONGEST_WAIT)

    async def _subscribe(
        self, execution_id: str, states: "asyncio.Queue[WorkflowExecution | BaseException | None]"
    ) -> None:
        try:
            async for state in self.executions.subscribe(SubscribeWorkflowExecutionRequest(execution_id=execution_id)):
                await states.put(state)
        except (GRPCError, StreamTerminatedError, OSError) as error:
            await states.put(error)
        else:
            await states.put(None)

    def _failure(self, error: BaseException) -> ServiceFailure:
        return failure_of(error, self.access) if isinstance(error, GRPCError) else unreachable(self.access, error)


def ask(access: ServiceAccess, work: Callable[[ServiceClient], Coroutine[None, None, _T]]) -> _T:
    """Do the work with a connection. Raises ServiceFailure."""

    async def run() -> _T:
        async with ServiceClient(access) as client:
            return await work(client)

    return asyncio.run(run())


def _passes(error: BaseException) -> bool:
    return error.status in PASSING if isinstance(error, GRPCError) else True
