"""Executions of sub-workflows: a runner starts them itself, so the first that is heard of one is an event."""

from dataclasses import replace
from typing import Final

from sqlalchemy import select
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    ExecutionPhase,
    WorkflowExecution,
    WorkflowExecutionSpec,
    WorkflowExecutionStatus,
)
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowProgressEvent
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceMetadata

from stigmer_server.access.caller import SERVER
from stigmer_server.resources.audit import created
from stigmer_server.store.executions import insert_execution
from stigmer_server.store.tables import executions
from stigmer_server.store.transaction import Transaction
from stigmer_server.timestamps import now_ms

PARENT_LABEL: Final = "stigmer.ai/parent"
_LONGEST_ID: Final = 255


def adopt_child(transaction: Transaction, event: WorkflowProgressEvent) -> bool:
    """Make an execution of the id `<parent>/<number>` when its parent, or the parent of that, is known; whether it was.

    It has the owner of its parent, whose id is its label `stigmer.ai/parent`, and neither workflow nor instance.
    """
    connection, execution_id = transaction.connection, event.workflow_execution_id
    root, separator, _ = execution_id.partition("/")
    if not separator or len(execution_id) > _LONGEST_ID:
        return False
    row = connection.execute(select(executions.c.body, executions.c.runner_id).where(executions.c.id == root)).first()
    if row is None:
        return False
    owner = WorkflowExecution.parse(row.body)
    assert owner.metadata is not None
    parent, at = execution_id.rpartition("/")[0], now_ms()
    child = replace(
        owner,
        metadata=ApiResourceMetadata(
            id=execution_id,
            name=event.workflow_name,
            slug=execution_id,
            org=owner.metadata.org,
            owner_scope=owner.metadata.owner_scope,
            labels={PARENT_LABEL: parent},
        ),
        spec=WorkflowExecutionSpec(),
        status=WorkflowExecutionStatus(phase=ExecutionPhase.EXECUTION_PENDING, audit=created(SERVER, at)),
    )
    insert_execution(transaction, child, workflow_id="", created_at=at, root_id=root)
    connection.execute(executions.update().where(executions.c.id == execution_id).values(runner_id=row.runner_id))
    return True
