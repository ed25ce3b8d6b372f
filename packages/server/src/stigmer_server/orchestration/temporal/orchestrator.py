"""Runs executions as Temporal workflows on a runner's queue, and controls them by signals."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, Final

from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import SendSignalRequest
from stigmer_proto_json import json_from_struct
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHandle
from temporalio.common import RawValue, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from stigmer_server.config import Settings
from stigmer_server.orchestration.temporal.connection import TemporalConnection
from stigmer_server.orchestration.temporal.keyed_signal import send_keyed_signal
from stigmer_server.orchestration.temporal.names import (
    CANCEL_SIGNAL,
    HEARTBEAT_MEMO,
    INVOKE_TYPE,
    PAUSE_SIGNAL,
    QUEUE_MEMO,
    RESUME_SIGNAL,
    TIMEOUT_MEMO,
    interpret_id,
    invoke_id,
)
from stigmer_server.refusals import Reason, Refused
from stigmer_server.store.database import Database
from stigmer_server.store.executions import StoredExecution, assign_runner

_MESSAGE_TYPE: Final = b"ai.stigmer.agentic.workflowexecution.v1.WorkflowExecution"


class TemporalOrchestrator:
    """Starts and controls the workflows of executions.

    Args:
        connection: opened; calls are refused as passing while Temporal cannot be reached.
    """

    def __init__(self, settings: Settings, database: Database, connection: TemporalConnection) -> None:
        self._settings = settings
        self._database = database
        self._connection = connection
        self._queue = settings.temporal_workflow_execution_runner_task_queue

    async def start(self, execution: StoredExecution) -> None:
        """As `Orchestrator.start`."""
        client = self._connection.client
        runner = f"temporal:{self._queue}"
        if not await self._database.write(lambda transaction: assign_runner(transaction, execution.id, runner)):
            return  # ended or deleted meanwhile
        payload = Payload(
            metadata={"encoding": b"binary/protobuf", "messageType": _MESSAGE_TYPE}, data=bytes(execution.execution)
        )
        try:
            await client.start_workflow(
                INVOKE_TYPE,
                RawValue(payload),
                id=invoke_id(execution.id),
                task_queue=self._settings.temporal_workflow_execution_stigmer_task_queue,
                memo={
                    QUEUE_MEMO: self._queue,
                    TIMEOUT_MEMO: self._settings.stigmer_execution_timeout_seconds,
                    HEARTBEAT_MEMO: self._settings.stigmer_runner_heartbeat_seconds,
                },
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                static_summary=execution.id,
            )
        except WorkflowAlreadyStartedError:
            return  # it was started by an order of which the answer was lost, and is over
        except RPCError as error:
            if _too_large(error):
                raise Refused(Reason.INVALID_SPEC, _too_large_message(len(payload.data))) from None
            raise _refused(error) from None

    async def cancel(self, execution_id: str, runner_id: str, reason: str, *, force: bool) -> bool:
        """As `Orchestrator.cancel`. With `force`, the runner is told to interrupt what is under way."""
        del runner_id
        if force:
            await self._reached(self._interpreter(execution_id).signal(CANCEL_SIGNAL, reason))
            await self._reached(self._interpreter(execution_id).cancel(reason=reason))
        return await self._reached(self._handle(invoke_id(execution_id)).cancel(reason=reason))

    async def pause(self, execution: StoredExecution, reason: str) -> None:
        """As `Orchestrator.pause`."""
        await self._signal(execution, PAUSE_SIGNAL, reason)

    async def resume(self, execution: StoredExecution) -> None:
        """As `Orchestrator.resume`."""
        await self._signal(execution, RESUME_SIGNAL, "")

    async def signal(self, execution: StoredExecution, request: SendSignalRequest) -> None:
        """As `Orchestrator.signal`: the payload arrives as the data of an event of the signal's name."""
        if request.signal_name.startswith("stigmer-"):
            raise Refused(Reason.INVALID_REQUEST, "signals that begin with 'stigmer-' control the execution itself")
        data = json_from_struct(request.payload) if request.payload is not None else None
        await self._signal(execution, request.signal_name, data, request.idempotency_key)

    async def _signal(self, execution: StoredExecution, signal: str, argument: Any, key: str = "") -> None:
        call = (
            send_keyed_signal(self._connection.client, interpret_id(execution.id), signal, argument, key)
            if key
            else self._interpreter(execution.id).signal(signal, argument)
        )
        if not await self._reached(call):
            raise Refused(Reason.WRONG_STATE, f"no runner has begun execution {execution.id!r}, or it has just ended")

    def _interpreter(self, execution_id: str) -> WorkflowHandle[Any, Any]:
        return self._handle(interpret_id(execution_id))

    def _handle(self, workflow_id: str) -> WorkflowHandle[Any, Any]:
        return self._connection.client.get_workflow_handle(workflow_id)

    async def _reached(self, call: Awaitable[object]) -> bool:
        """Whether a call reached a workflow that runs. Raises Refused when Temporal did not take it."""
        try:
            await call
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            if error.status is RPCStatusCode.INVALID_ARGUMENT or _too_large(error):
                raise Refused(Reason.INVALID_REQUEST, f"Temporal does not take it: {error.message}") from None
            raise _refused(error) from None
        return True


@asynccontextmanager
async def open_temporal(settings: Settings, database: Database) -> AsyncIterator[TemporalOrchestrator]:
    """The orchestrator, connecting in the background."""
    async with TemporalConnection(settings, database) as connection:
        yield TemporalOrchestrator(settings, database, connection)


def _refused(error: RPCError) -> Refused:
    return Refused(Reason.RUNNER_UNAVAILABLE, f"Temporal answered {error.status.name}: {error.message}")


def _too_large(error: RPCError) -> bool:
    """Whether a request is more than Temporal, or its gRPC port, ever takes: neither has a status of its own for it."""
    said = error.message.lower()
    over_limit = "larger than max" in said or ("blob" in said and "exceeds" in said)
    return over_limit and error.status in (RPCStatusCode.RESOURCE_EXHAUSTED, RPCStatusCode.INVALID_ARGUMENT)


def _too_large_message(size: int) -> str:
    return (
        f"the execution with its input has {size / 1_000_000:.1f} MB, which is more than Temporal takes; "
        "put large data into a store, and pass where it is"
    )
