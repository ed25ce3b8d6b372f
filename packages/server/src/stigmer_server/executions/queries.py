"""Executions as they are read."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from sqlalchemy.engine import Connection
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    ListWorkflowExecutionsByWorkflowRequest,
    ListWorkflowExecutionsRequest,
    SubscribeWorkflowExecutionRequest,
    WorkflowExecution,
    WorkflowExecutionList,
)

from stigmer_server.access import Caller
from stigmer_server.broadcast import Broadcast
from stigmer_server.executions.secrets import show_execution
from stigmer_server.refusals import Reason, Refused
from stigmer_server.resources.metadata import check_defined, invalid
from stigmer_server.resources.pages import page_of_token, page_size, total_pages
from stigmer_server.store.database import Database
from stigmer_server.store.executions import ExecutionFilter, page_of_executions, read_execution
from stigmer_server.vault import KeyRing

_MOST_TAGS: Final = 50


def wanted_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """The tags of a filter, each once. Raises Refused (INVALID_REQUEST) for more than a statement can hold."""
    different = tuple(dict.fromkeys(tags))
    if len(different) > _MOST_TAGS:
        raise invalid("tags", f"must be at most {_MOST_TAGS}, not {len(different)}")
    return different


class ExecutionQueries:
    """The calls of `WorkflowExecutionQueryController`. Every method raises Refused."""

    def __init__(self, database: Database, ring: KeyRing, broadcast: Broadcast) -> None:
        self._database = database
        self._ring = ring
        self._broadcast = broadcast

    async def get(self, execution_id: str, caller: Caller) -> WorkflowExecution:
        """The execution with this id; runners see its secrets."""
        if not execution_id:
            raise invalid("value", "is missing")

        def work(connection: Connection) -> WorkflowExecution:
            stored = read_execution(connection, execution_id)
            if stored is None:
                raise Refused(Reason.NOT_FOUND, f"there is no execution {execution_id!r}")
            return show_execution(connection, self._ring, stored.execution, caller)

        return await self._database.read(work)

    async def page(self, request: ListWorkflowExecutionsRequest) -> WorkflowExecutionList:
        """A page of executions, the last created first."""
        check_defined("phase", request.phase)
        chosen = ExecutionFilter(phase=request.phase, tags=wanted_tags(request.tags))
        return await self._page(chosen, page_of_token(request.page_token), page_size(request.page_size))

    async def page_by_workflow(self, request: ListWorkflowExecutionsByWorkflowRequest) -> WorkflowExecutionList:
        """A page of the executions of one workflow or instance."""
        if not request.workflow_id:
            raise invalid("workflow_id", "is missing")
        chosen = ExecutionFilter(of=request.workflow_id)
        return await self._page(chosen, page_of_token(request.page_token), page_size(request.page_size))

    async def subscribe(self, request: SubscribeWorkflowExecutionRequest) -> AsyncIterator[WorkflowExecution]:
        """The execution now and after every change, until it has ended; without values of secrets."""
        if not request.execution_id:
            raise invalid("execution_id", "is missing")
        async for stored in self._broadcast.follow(request.execution_id):
            yield stored.execution

    async def _page(self, chosen: ExecutionFilter, page: int, size: int) -> WorkflowExecutionList:
        found, total = await self._database.read(
            lambda connection: page_of_executions(connection, chosen, page=page, size=size)
        )
        return WorkflowExecutionList(
            total_pages=total_pages(total, size), entries=[stored.execution for stored in found]
        )
