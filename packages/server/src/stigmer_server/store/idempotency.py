"""Which executions were created under which idempotency keys."""

from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.engine import Connection

from stigmer_server.store.tables import idempotency_keys
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
