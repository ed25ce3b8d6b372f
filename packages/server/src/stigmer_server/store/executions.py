"""Executions: what was asked for, and where each stands."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Select, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.engine import Connection, Row
from sqlalchemy.sql import ColumnElement
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    ExecutionPhase,
    WorkflowExecution,
    WorkflowExecutionStatus,
)
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowProgressEvent
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceKind

from stigmer_server.reduction import TERMINAL_PHASES, TaskTypes, reduce, task_types
from stigmer_server.store.event_log import tail, tails
from stigmer_server.store.tables import execution_tags, executions, resources
from stigmer_server.store.tables import secrets as secrets_table
from stigmer_server.store.transaction import Transaction

_COLUMNS: Final = tuple(executions.c)
_DELETE: Final = delete(executions).where(executions.c.id == bindparam("id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredExecution:
    """An execution as it stands, values of secrets left empty; `revision` grows with every change.

    `last_sequence` is the sequence number of the last event of the log; `status` of the execution includes it.
    `task_types` are those of its document.
    """

    execution: WorkflowExecution
    revision: int
    last_sequence: int
    runner_id: str
    task_types: TaskTypes

    @property
    def id(self) -> str:
        """The id of the execution."""
        assert self.execution.metadata is not None
        return self.execution.metadata.id

    @property
    def status(self) -> WorkflowExecutionStatus:
        """Where it stands."""
        assert self.execution.status is not None
        return self.execution.status

    @property
    def phase(self) -> ExecutionPhase:
        """The phase it is in."""
        return self.status.phase


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFilter:
    """Which executions to list; every condition that is set must hold.

    `of` is the id of a workflow or an instance; `text` stands in the id, a tag, or the workflow's slug, in any case.
    """

    phase: ExecutionPhase = ExecutionPhase.EXECUTION_PHASE_UNSPECIFIED
    tags: tuple[str, ...] = ()
    of: str = ""
    text: str = ""


def insert_execution(
    transaction: Transaction,
    execution: WorkflowExecution,
    *,
    workflow_id: str,
    created_at: int,
    task_types: bytes | None = None,
    root_id: str | None = None,
) -> None:
    """Store a new execution with the status it brings; `task_types` as `pack_task_types` makes them.

    `root_id` is the execution that it belongs to as a sub-workflow.
    """
    assert execution.metadata is not None
    assert execution.spec is not None
    assert execution.status is not None
    execution_id = execution.metadata.id
    transaction.connection.execute(
        insert(executions).values(
            id=execution_id,
            workflow_id=workflow_id,
            instance_id=execution.spec.workflow_instance_id,
            phase=int(execution.status.phase),
            created_at=created_at,
            revision=1,
            last_sequence=0,
            snapshot_sequence=0,
            runner_id="",
            body=bytes(replace(execution, status=None)),
            snapshot=bytes(execution.status),
            task_types=task_types,
            root_id=root_id,
        )
    )
    _store_tags(transaction.connection, execution_id, execution.metadata.tags)
    transaction.reached(execution.status.phase)
    transaction.changed(execution_id)


def read_execution(connection: Connection, execution_id: str, *, lock: bool = False) -> StoredExecution | None:
    """The execution as it stands, or None. `lock` holds off other writers until the end of the transaction."""
    query = select(*_COLUMNS).where(executions.c.id == execution_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _stored(row, tail(connection, row.id, row.snapshot_sequence, row.last_sequence))


def page_of_executions(
    connection: Connection, chosen: ExecutionFilter, *, page: int, size: int
) -> tuple[Sequence[StoredExecution], int]:
    """The page of this number (from 0), last created first, and how many executions there are in all."""
    total = connection.execute(_where(select(func.count()).select_from(executions), chosen)).scalar_one()
    rows = connection.execute(
        _where(select(*_COLUMNS), chosen)
        .order_by(executions.c.created_at.desc(), executions.c.id.desc())
        .limit(size)
        .offset(page * size)
    ).all()
    newer = tails(connection, [row.id for row in rows if row.snapshot_sequence < row.last_sequence])
    return [_stored(row, newer.get(row.id, [])) for row in rows], total


def replace_status(transaction: Transaction, stored: StoredExecution, status: WorkflowExecutionStatus) -> None:
    """Store a status that did not come from an event. `stored` was read under the lock of this transaction."""
    transaction.connection.execute(
        update(executions)
        .where(executions.c.id == stored.id)
        .values(
            phase=int(status.phase),
            snapshot=bytes(status),
            snapshot_sequence=stored.last_sequence,
            revision=stored.revision + 1,
        )
    )
    if status.phase != stored.phase:
        transaction.reached(status.phase)
    transaction.changed(stored.id)


def replace_execution(transaction: Transaction, stored: StoredExecution, execution: WorkflowExecution) -> None:
    """Store changed metadata; status, spec and log stay."""
    assert execution.metadata is not None
    transaction.connection.execute(
        update(executions)
        .where(executions.c.id == stored.id)
        .values(body=bytes(replace(execution, status=None)), revision=stored.revision + 1)
    )
    transaction.connection.execute(delete(execution_tags).where(execution_tags.c.execution_id == stored.id))
    _store_tags(transaction.connection, stored.id, execution.metadata.tags)
    transaction.changed(stored.id)


def assign_runner(transaction: Transaction, execution_id: str, runner_id: str) -> bool:
    """Remember which runner has the execution, while it is pending; whether it still was."""
    pending = executions.c.phase == int(ExecutionPhase.EXECUTION_PENDING)
    changed = transaction.connection.execute(
        update(executions).where(executions.c.id == execution_id, pending).values(runner_id=runner_id)
    )
    return changed.rowcount > 0


def delete_execution(transaction: Transaction, execution_id: str) -> None:
    """Remove the execution with its log, tags and secrets, and those of its sub-workflows."""
    connection = transaction.connection
    connection.execute(delete(secrets_table).where(secrets_table.c.owner_id == execution_id))
    family = select(executions.c.id).where(executions.c.root_id == execution_id.partition("/")[0])
    children = [found for found in connection.execute(family).scalars() if found.startswith(f"{execution_id}/")]
    for one in (execution_id, *children):
        connection.execute(_DELETE, {"id": one})
        transaction.changed(one)


def _where(query: "Select[Any]", chosen: ExecutionFilter) -> "Select[Any]":
    if chosen.phase:
        query = query.where(executions.c.phase == int(chosen.phase))
    if chosen.of:
        query = query.where(or_(executions.c.workflow_id == chosen.of, executions.c.instance_id == chosen.of))
    if chosen.text:
        query = query.where(_holds(chosen.text))
    for tag in chosen.tags:
        tagged = select(execution_tags.c.execution_id).where(execution_tags.c.tag == tag)
        query = query.where(executions.c.id.in_(tagged))
    return query


def _holds(text: str) -> ColumnElement[bool]:
    tagged = select(execution_tags.c.execution_id).where(execution_tags.c.tag.icontains(text, autoescape=True))
    of_kind = resources.c.kind == int(ApiResourceKind.workflow)
    workflows = select(resources.c.id).where(of_kind, resources.c.slug.icontains(text, autoescape=True))
    return or_(
        executions.c.id.icontains(text, autoescape=True),
        executions.c.id.in_(tagged),
        executions.c.workflow_id.in_(workflows),
    )


def _stored(row: Row[Any], newer: list[WorkflowProgressEvent]) -> StoredExecution:
    """The execution of a row and of the events since its snapshot."""
    status = WorkflowExecutionStatus.parse(row.snapshot)
    execution, types = WorkflowExecution.parse(row.body), task_types(row.task_types)
    return StoredExecution(
        execution=replace(execution, status=reduce(status, newer, types) if newer else status),
        revision=row.revision,
        last_sequence=row.last_sequence,
        runner_id=row.runner_id,
        task_types=types,
    )


def _store_tags(connection: Connection, execution_id: str, tags: Sequence[str]) -> None:
    if tags:
        rows = [{"execution_id": execution_id, "tag": tag} for tag in dict.fromkeys(tags)]
        connection.execute(insert(execution_tags), rows)


def running_executions(connection: Connection, owner_id: str) -> list[str]:
    """Ids of some executions of a workflow or an instance that have not ended."""
    ended = [int(phase) for phase in TERMINAL_PHASES]
    query = _where(select(executions.c.id), ExecutionFilter(of=owner_id)).where(executions.c.phase.not_in(ended))
    return list(connection.execute(query.limit(5)).scalars())
