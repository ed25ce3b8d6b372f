"""The query services of the Stigmer service, with its failures as refusals."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import TypeVar

import betterproto2
from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError
from stigmer_proto.ai.stigmer.agentic.environment.v1 import Environment, EnvironmentQueryControllerStub
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import Workflow, WorkflowId, WorkflowQueryControllerStub
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    WorkflowExecution,
    WorkflowExecutionId,
    WorkflowExecutionQueryControllerStub,
)
from stigmer_proto.ai.stigmer.agentic.workflowinstance.v1 import (
    WorkflowInstance,
    WorkflowInstanceId,
    WorkflowInstanceQueryControllerStub,
)
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceReference

from stigmer_runner.config import StigmerService
from stigmer_runner.refusals import Reason, Refused
from stigmer_runner.service_connection import ServiceConnection

_A = TypeVar("_A", bound=betterproto2.Message)
_KEY_REFUSED = frozenset({Status.UNAUTHENTICATED, Status.PERMISSION_DENIED})
_PASSING = frozenset({Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED, Status.RESOURCE_EXHAUSTED, Status.ABORTED})


class QueryClient(ServiceConnection):
    """Reads resources over one connection, made when first needed. An async context manager.

    Every method raises Refused: EXECUTION_NOT_FOUND, SERVICE_UNAVAILABLE or SERVICE_REFUSED.
    """

    def __init__(self, service: StigmerService, tls: ssl.SSLContext | None, *, timeout_seconds: float) -> None:
        super().__init__(service, tls)
        self._timeout_seconds = timeout_seconds

    async def execution(self, execution_id: str) -> WorkflowExecution:
        """The execution of this id."""
        stub = WorkflowExecutionQueryControllerStub(self._channel, metadata=self._metadata)
        return await self._read(
            f"execution {execution_id!r}", lambda: stub.get(WorkflowExecutionId(value=execution_id))
        )

    async def instance(self, instance_id: str) -> WorkflowInstance:
        """The workflow instance of this id."""
        stub = WorkflowInstanceQueryControllerStub(self._channel, metadata=self._metadata)
        return await self._read(
            f"workflow instance {instance_id!r}", lambda: stub.get(WorkflowInstanceId(value=instance_id))
        )

    async def workflow(self, workflow_id: str) -> Workflow:
        """The workflow of this id."""
        stub = WorkflowQueryControllerStub(self._channel, metadata=self._metadata)
        return await self._read(f"workflow {workflow_id!r}", lambda: stub.get(WorkflowId(value=workflow_id)))

    async def environment(self, reference: ApiResourceReference) -> Environment:
        """The environment a workflow instance refers to. The service leaves values of secrets empty."""
        stub = EnvironmentQueryControllerStub(self._channel, metadata=self._metadata)
        return await self._read(f"environment {reference.slug!r}", lambda: stub.get_by_reference(reference))

    async def _read(self, what: str, call: Callable[[], Awaitable[_A]]) -> _A:
        async def in_its_own_task() -> _A:
            return await call()

        # grpclib wakes a call by cancelling its task and never takes that back, so the call gets a task of its own.
        reading = asyncio.create_task(in_its_own_task())
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await reading
        except TimeoutError:
            raise self._unavailable(what, f"no answer within {self._timeout_seconds:g} s") from None
        except GRPCError as error:
            raise self._refused(what, error) from None
        except (StreamTerminatedError, OSError) as error:
            raise self._unavailable(what, str(error)) from None
        finally:
            reading.cancel()

    def _refused(self, what: str, error: GRPCError) -> Refused:
        where = self._service.endpoint
        if error.status is Status.NOT_FOUND:
            return Refused(Reason.EXECUTION_NOT_FOUND, f"the Stigmer service at {where} does not know {what}")
        if error.status in _KEY_REFUSED:
            variable = self._service.api_key_variable or "STIGMER_SERVICE_API_KEY"
            return Refused(
                Reason.SERVICE_REFUSED,
                f"the Stigmer service at {where} refused to show {what} ({error.status.name}); check {variable}",
            )
        if error.status in _PASSING:
            return self._unavailable(what, error.status.name)
        return Refused(
            Reason.SERVICE_REFUSED, f"the Stigmer service at {where} answered {error.status.name} when asked for {what}"
        )

    def _unavailable(self, what: str, why: str) -> Refused:
        return Refused(
            Reason.SERVICE_UNAVAILABLE,
            f"{what} could not be read from the Stigmer service at {self._service.endpoint}: {why}; try again",
        )
