"""Which creations and signals were asked for under which idempotency keys."""

from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.engine import Connection

from stigmer_server.store.tables import executions, idempotency_keys, signal_keys
from stigmer_server.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """An execution, and the hash of the request that created it."""

    execution_id: str
    content: str


def find_creation(connection: Connection, caller: str, key: str) -> Creation | None:
    """What the caller created under the key, while it is there."""
    row = connection.execute(
        select(idempotency_keys).where(idempotency_keys.c.caller == caller, idempotency_keys.c.key == key)
    ).one_or_none()
    return None if row is None else Creation(execution_id=row.execution_id, content=row.content)


def store_creation(transaction: Transaction, caller: str, key: str, creation: Creation) -> None:
    """Remember a creation as long as its execution is there. Raises IntegrityError when the key is taken."""
    transaction.connection.execute(
        insert(idempotency_keys).values(
            caller=caller, key=key, execution_id=creation.execution_id, content=creation.content
        )
    )


def is_signalled(connection: Connection, execution_id: str, key: str) -> bool:
    """Whether a signal with this key was handed to the execution."""
    query = select(signal_keys.c.key).where(signal_keys.c.execution_id == execution_id, signal_keys.c.key == key)
    return connection.execute(query).first() is not None


def store_signal(transaction: Transaction, execution_id: str, key: str) -> None:
    """Remember that a signal was handed to the execution; nothing happens when that is known, or the execution gone."""
    connection = transaction.connection
    query = select(executions.c.id).where(executions.c.id == execution_id).with_for_update()
    if connection.execute(query).first() is not None and not is_signalled(connection, execution_id, key):
        connection.execute(insert(signal_keys).values(execution_id=execution_id, key=key))
