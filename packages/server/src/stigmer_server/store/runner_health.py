"""What the last health check of each runner found."""

from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection, Row
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowRunnerHealth, WorkflowRunnerHealthState

from stigmer_server.store.tables import resources, runner_health
from stigmer_server.store.transaction import Transaction
from stigmer_server.timestamps import moment, now_ms


def read_health(connection: Connection, runner_id: str) -> WorkflowRunnerHealth | None:
    """The result of the last check, or None before the first."""
    row = connection.execute(select(runner_health).where(runner_health.c.runner_id == runner_id)).one_or_none()
    return None if row is None else _health(row)


def runners_with_health(connection: Connection, kind: int) -> list[tuple[bytes, WorkflowRunnerHealth]]:
    """The bodies of all runners, the oldest first, each with its last check."""
    query = (
        select(resources.c.body, runner_health)
        .join(runner_health, runner_health.c.runner_id == resources.c.id, isouter=True)
        .where(resources.c.kind == kind)
        .order_by(resources.c.created_at, resources.c.id)
    )
    return [(row.body, _health(row)) for row in connection.execute(query)]


def write_health(transaction: Transaction, runner_id: str, health: WorkflowRunnerHealth) -> None:
    """Store the result of a check made now; nothing happens when the runner is gone."""
    connection = transaction.connection
    if connection.execute(select(resources.c.id).where(resources.c.id == runner_id)).first() is None:
        return
    connection.execute(delete(runner_health).where(runner_health.c.runner_id == runner_id))
    connection.execute(
        insert(runner_health).values(
            runner_id=runner_id, state=int(health.state), message=health.message, checked_at=now_ms()
        )
    )


def _health(row: Row[Any]) -> WorkflowRunnerHealth:
    if row.state is None:
        return WorkflowRunnerHealth()  # not checked yet
    return WorkflowRunnerHealth(
        state=WorkflowRunnerHealthState(row.state), message=row.message, checked_at=moment(row.checked_at)
    )
