"""All calls about executions in one place, for the ports."""

from collections.abc import AsyncIterator, Callable

from sqlalchemy.engine import Connection
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    ListWorkflowExecutionsByWorkflowRequest,
    ListWorkflowExecutionsRequest,
    SendSignalRequest,
    SubscribeWorkflowExecutionRequest,
    WorkflowExecution,
    WorkflowExecutionList,
    WorkflowExecutionUpdateStatusInput,
)
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ReportProgressResponse, WorkflowProgressEvent

from stigmer_server.access import Caller
from stigmer_server.broadcast import Broadcast
from stigmer_server.executions.changes import changed_execution
from stigmer_server.executions.control import ExecutionControl
from stigmer_server.executions.creation import ExecutionCreation
from stigmer_server.executions.progress import ProgressReports
from stigmer_server.executions.queries import ExecutionQueries
from stigmer_server.executions.secrets import show_execution
from stigmer_server.orchestration.port import Orchestrator
from stigmer_server.reduction import is_terminal
from stigmer_server.refusals import Reason, Refused
from stigmer_server.resources import ExecutionContexts, WorkflowInstances
from stigmer_server.resources.contexts import CONTEXT
from stigmer_server.resources.metadata import invalid
from stigmer_server.store.database import Database
from stigmer_server.store.executions import (
    StoredExecution,
    delete_execution,
    read_execution,
    replace_execution,
)
from stigmer_server.store.outbox import Action, drop_start, put_order
from stigmer_server.store.resources import delete_resource, page_of_resources
from stigmer_server.store.transaction import Transaction
from stigmer_server.vault import KeyRing


class Executions:
    """The calls of the execution controllers and of `WorkflowProgressService`. Every method raises Refused."""

    def __init__(
        self,
        *,
        database: Database,
        ring: KeyRing,
        broadcast: Broadcast,
        instances: WorkflowInstances,
        contexts: ExecutionContexts,
        orchestrator: Orchestrator,
        wake_dispatcher: Callable[[], None],
    ) -> None:
        self._database = database
        self._ring = ring
        self._wake_dispatcher = wake_dispatcher
        self._creation = ExecutionCreation(database, ring, instances, contexts)
        self._queries = ExecutionQueries(database, ring, broadcast)
        self._reports = ProgressReports(database, ring)
        self._control = ExecutionControl(database, broadcast, orchestrator, wake_dispatcher)

    async def create(self, execution: WorkflowExecution, caller: Caller) -> WorkflowExecution:
        """Store an execution; it is started as soon as a runner takes it."""
        stored = await self._creation.create(execution, caller)
        self._wake_dispatcher()
        return stored

    async def update(self, execution: WorkflowExecution, caller: Caller) -> WorkflowExecution:
        """Change name, labels, annotations and tags; everything else of an execution stays as it is."""
        if execution.metadata is None or not execution.metadata.id:
            raise invalid("metadata.id", "is missing")
        execution_id = execution.metadata.id

        def work(transaction: Transaction) -> WorkflowExecution:
            stored = _found(transaction.connection, execution_id, lock=True)
            changed = changed_execution(stored.execution, execution)
            replace_execution(transaction, stored, changed)
            return show_execution(transaction.connection, self._ring, changed, caller)

        return await self._database.write(work)

    async def delete(self, execution_id: str, caller: Caller) -> WorkflowExecution:
        """Remove an execution and all that belongs to it; one that runs is stopped."""
        if not execution_id:
            raise invalid("value", "is missing")

        def work(transaction: Transaction) -> WorkflowExecution:
            connection = transaction.connection
            stored = _found(connection, execution_id, lock=True)
            shown = show_execution(connection, self._ring, stored.execution, caller)
            if not stored.runner_id:
                drop_start(transaction, execution_id)
            elif not is_terminal(stored.phase):
                put_order(
                    transaction, execution_id, Action.CANCEL_BY_FORCE, reason="deleted", runner_id=stored.runner_id
                )
            bodies, _ = page_of_resources(connection, int(CONTEXT.kind), page=0, size=100, parent=execution_id)
            for context in map(CONTEXT.parse, bodies):
                assert context.metadata is not None
                delete_resource(transaction, context.metadata.id)
            delete_execution(transaction, execution_id)
            return shown

        removed = await self._database.write(work)
        self._wake_dispatcher()
        return removed

    async def update_status(self, request: WorkflowExecutionUpdateStatusInput, caller: Caller) -> WorkflowExecution:
        """Merge a status that a runner reports."""
        return await self._reports.update_status(request, caller)

    async def report_progress(self, event: WorkflowProgressEvent) -> ReportProgressResponse:
        """Take an event that a runner reports."""
        return await self._reports.report(event)

    async def get(self, execution_id: str, caller: Caller) -> WorkflowExecution:
        """The execution with this id."""
        return await self._queries.get(execution_id, caller)

    async def page(self, request: ListWorkflowExecutionsRequest) -> WorkflowExecutionList:
        """A page of executions, the last created first."""
        return await self._queries.page(request)

    async def page_by_workflow(self, request: ListWorkflowExecutionsByWorkflowRequest) -> WorkflowExecutionList:
        """A page of the executions of one workflow or instance."""
        return await self._queries.page_by_workflow(request)

    def subscribe(self, request: SubscribeWorkflowExecutionRequest) -> AsyncIterator[WorkflowExecution]:
        """The execution now and after every change, until it has ended."""
        return self._queries.subscribe(request)

    async def cancel(self, execution_id: str, reason: str = "") -> WorkflowExecution:
        """Stop a run."""
        return await self._control.cancel(execution_id, reason)

    async def terminate(self, execution_id: str, reason: str = "") -> WorkflowExecution:
        """End a run at once."""
        return await self._control.terminate(execution_id, reason)

    async def pause(self, execution_id: str, reason: str = "") -> WorkflowExecution:
        """Hold a run before its next task."""
        return await self._control.pause(execution_id, reason)

    async def resume(self, execution_id: str) -> WorkflowExecution:
        """Go on with a paused run."""
        return await self._control.resume(execution_id)

    async def signal(self, request: SendSignalRequest) -> WorkflowExecution:
        """Hand a signal to a run."""
        return await self._control.signal(request)


def _found(connection: Connection, execution_id: str, *, lock: bool = False) -> StoredExecution:
    stored = read_execution(connection, execution_id, lock=lock)
    if stored is None:
        raise Refused(Reason.NOT_FOUND, f"there is no execution {execution_id!r}")
    return stored
