"""What is still to be told to runners. Written in the transaction that makes it necessary, removed once it is done."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.engine import Connection

from stigmer_server.ids import new_ulid
from stigmer_server.store.tables import outbox
from stigmer_server.store.transaction import Transaction
from stigmer_server.timestamps import now_ms


class Action(StrEnum):
    """What a runner is to do with an execution."""

    START = "start"
    CANCEL = "cancel"
    CANCEL_BY_FORCE = "cancel-by-force"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One entry: the action, the reason to give, and how often it was tried, this time included."""

    id: str
    execution_id: str
    action: Action
    reason: str
    runner_id: str
    attempts: int
    last_error: str


def put_order(
    transaction: Transaction, execution_id: str, action: Action, *, reason: str = "", runner_id: str = ""
) -> None:
    """Add an order, due now. `runner_id`: the runner it is for, when the execution will not be there to tell."""
    transaction.connection.execute(
        insert(outbox).values(
            id=new_ulid(),
            execution_id=execution_id,
            action=str(action),
            reason=reason,
            runner_id=runner_id,
            attempts=0,
            not_before=now_ms(),
            last_error="",
        )
    )


def take_due(transaction: Transaction, *, lease_ms: int, limit: int) -> Sequence[Order]:
    """Orders that are due, for one execution one after the other.

    They are this server's until the lease ends; if it is not done with them then, they are anybody's again.
    """
    connection, now = transaction.connection, now_ms()
    older = outbox.alias("older")
    follows = exists().where(older.c.execution_id == outbox.c.execution_id, older.c.id < outbox.c.id)
    rows = connection.execute(
        select(outbox)
        .where(outbox.c.not_before <= now, ~follows)
        .order_by(outbox.c.not_before, outbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if rows:
        connection.execute(
            update(outbox)
            .where(outbox.c.id.in_([row.id for row in rows]))
            .values(not_before=now + lease_ms, attempts=outbox.c.attempts + 1)
        )
    return [_order(row, attempts=row.attempts + 1) for row in rows]


def drop_order(transaction: Transaction, order_id: str) -> None:
    """The order is done, or can never be."""
    transaction.connection.execute(delete(outbox).where(outbox.c.id == order_id))


def postpone_order(transaction: Transaction, order_id: str, *, seconds: float, error: str) -> None:
    """Try the order again in so many seconds; `error` says why it is not done."""
    transaction.connection.execute(
        update(outbox)
        .where(outbox.c.id == order_id)
        .values(not_before=now_ms() + int(seconds * 1000), last_error=error)
    )


def release_orders(transaction: Transaction, order_ids: Collection[str]) -> None:
    """End the leases of these orders before their time: anybody may take them."""
    transaction.connection.execute(update(outbox).where(outbox.c.id.in_(order_ids)).values(not_before=now_ms()))


def drop_start(transaction: Transaction, execution_id: str) -> None:
    """Do not start the execution any more."""
    transaction.connection.execute(
        delete(outbox).where(outbox.c.execution_id == execution_id, outbox.c.action == str(Action.START))
    )


def orders_of(connection: Connection, execution_id: str) -> Sequence[Order]:
    """What is still to be told about an execution."""
    rows = connection.execute(select(outbox).where(outbox.c.execution_id == execution_id).order_by(outbox.c.id))
    return [_order(row, attempts=row.attempts) for row in rows]


def count_orders(connection: Connection) -> int:
    """How much is still to be told, of all executions."""
    return connection.execute(select(func.count()).select_from(outbox)).scalar_one()


def _order(row: Any, *, attempts: int) -> Order:
    return Order(
        id=row.id,
        execution_id=row.execution_id,
        action=Action(row.action),
        reason=row.reason,
        runner_id=row.runner_id,
        attempts=attempts,
        last_error=row.last_error,
    )
