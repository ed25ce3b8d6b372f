"""Stopping, holding and signalling runs."""

from collections.abc import Callable
from typing import Final

from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    ExecutionPhase,
    SendSignalRequest,
    WorkflowExecution,
)

from stigmer_server.broadcast import Broadcast
from stigmer_server.executions.finite import finite
from stigmer_server.executions.own_events import cancelled_event
from stigmer_server.orchestration.port import Orchestrator
from stigmer_server.reduction import is_terminal
from stigmer_server.refusals import Reason, Refused
from stigmer_server.resources.metadata import invalid
from stigmer_server.store.database import Database
from stigmer_server.store.event_log import append_own_event
from stigmer_server.store.executions import StoredExecution, read_execution
from stigmer_server.store.idempotency import is_signalled, store_signal
from stigmer_server.store.outbox import Action, drop_start, put_order
from stigmer_server.store.transaction import Transaction

_LONGEST_KEY: Final = 255


class ExecutionControl:
    """Controls runs through the orchestrator. Every method raises Refused, and returns the execution as it is then."""

    def __init__(
        self,
        database: Database,
        broadcast: Broadcast,
        orchestrator: Orchestrator,
        wake_dispatcher: Callable[[], None],
    ) -> None:
        self._database = database
        self._wake_dispatcher = wake_dispatcher
        self._broadcast = broadcast
        self._orchestrator = orchestrator

    async def cancel(self, execution_id: str, reason: str) -> WorkflowExecution:
        """Stop a run. One that no runner has taken ends here; else its runner is told, until it has heard."""

        def work(transaction: Transaction) -> None:
            stored = _cancellable(transaction, execution_id)
            if stored is None:
                return
            if stored.runner_id:
                put_order(transaction, execution_id, Action.CANCEL, reason=reason)
            else:
                drop_start(transaction, execution_id)
                append_own_event(transaction, cancelled_event(execution_id, reason))

        return await self._changed(execution_id, work)

    async def terminate(self, execution_id: str, reason: str) -> WorkflowExecution:
        """End a run at once; its runner is told to drop it."""

        def work(transaction: Transaction) -> None:
            stored = _cancellable(transaction, execution_id)
            if stored is None:
                return
            if stored.runner_id:
                put_order(transaction, execution_id, Action.CANCEL_BY_FORCE, reason=reason)
            else:
                drop_start(transaction, execution_id)
            append_own_event(transaction, cancelled_event(execution_id, reason))

        return await self._changed(execution_id, work)

    async def pause(self, execution_id: str, reason: str) -> WorkflowExecution:
        """Hold a run before its next task."""
        stored = await self._running(execution_id)
        if stored.phase != ExecutionPhase.EXECUTION_PAUSED:
            await self._orchestrator.pause(stored, reason)
        return (await self._broadcast.current(execution_id)).execution

    async def resume(self, execution_id: str) -> WorkflowExecution:
        """Go on with a paused run."""
        stored = await self._running(execution_id)
        # Asked even when it does not look paused: the event that tells so may be on its way.
        await self._orchestrator.resume(stored)
        return (await self._broadcast.current(execution_id)).execution

    async def signal(self, request: SendSignalRequest) -> WorkflowExecution:
        """Hand a signal to a run, once for each idempotency key; a repeat is a success even after the run's end."""
        execution_id, key = request.execution_id, request.idempotency_key
        if not request.signal_name:
            raise invalid("signal_name", "is missing")
        if len(key) > _LONGEST_KEY:
            raise invalid("idempotency_key", f"must be at most {_LONGEST_KEY} characters")
        request.payload = finite(request.payload)
        seen = await self._database.read(lambda connection: bool(key) and is_signalled(connection, execution_id, key))
        if seen:
            return (await self._broadcast.current(execution_id)).execution
        stored = await self._running(execution_id, field="execution_id")
        await self._orchestrator.signal(stored, request)
        if key:
            await self._database.write(lambda transaction: store_signal(transaction, execution_id, key))
        return (await self._broadcast.current(execution_id)).execution

    async def _changed(self, execution_id: str, work: Callable[[Transaction], None]) -> WorkflowExecution:
        if not execution_id:
            raise invalid("id", "is missing")
        await self._database.write(work)
        self._wake_dispatcher()
        return (await self._broadcast.current(execution_id)).execution

    async def _running(self, execution_id: str, field: str = "id") -> StoredExecution:
        if not execution_id:
            raise invalid(field, "is missing")
        stored = await self._broadcast.current(execution_id)
        if is_terminal(stored.phase):
            raise _ended(stored)
        if stored.phase == ExecutionPhase.EXECUTION_PENDING and not stored.runner_id:
            raise Refused(Reason.WRONG_STATE, f"execution {execution_id!r} has not started yet")
        return stored


def _cancellable(transaction: Transaction, execution_id: str) -> StoredExecution | None:
    """The execution, or None when it is cancelled already. Raises Refused when it is unknown or ended otherwise."""
    stored = read_execution(transaction.connection, execution_id, lock=True)
    if stored is None:
        raise Refused(Reason.NOT_FOUND, f"there is no execution {execution_id!r}")
    if stored.phase == ExecutionPhase.EXECUTION_CANCELLED:
        return None
    if is_terminal(stored.phase):
        raise _ended(stored)
    return stored


def _ended(stored: StoredExecution) -> Refused:
    how = (stored.phase.name or "").removeprefix("EXECUTION_").lower()
    return Refused(Reason.WRONG_STATE, f"execution {stored.id!r} has ended already: {how}")
