"""Encrypted values by owner and name."""

from collections.abc import Collection, Mapping

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection

from stigmer_server.store.tables import secrets
from stigmer_server.store.transaction import Transaction
from stigmer_server.vault.key_ring import KeyRing, Sealed


def write_secrets(transaction: Transaction, ring: KeyRing, owner_id: str, values: Mapping[str, str]) -> None:
    """Store these values of the owner; others it has stay."""
    connection = transaction.connection
    for name, value in values.items():
        place = (secrets.c.owner_id == owner_id, secrets.c.name == name)
        connection.execute(delete(secrets).where(*place))
        sealed = ring.seal(owner_id, name, value.encode())
        connection.execute(
            insert(secrets).values(owner_id=owner_id, name=name, key_name=sealed.key_name, sealed=sealed.data)
        )


def read_secrets(connection: Connection, ring: KeyRing, owner_id: str) -> dict[str, str]:
    """The values of the owner. Raises UnreadableSecret."""
    rows = connection.execute(select(secrets).where(secrets.c.owner_id == owner_id))
    return {
        row.name: ring.open(owner_id, row.name, Sealed(key_name=row.key_name, data=row.sealed)).decode() for row in rows
    }


def keep_secrets(transaction: Transaction, owner_id: str, names: Collection[str]) -> None:
    """Remove the values of the owner that have another name than these."""
    place = secrets.c.owner_id == owner_id
    transaction.connection.execute(delete(secrets).where(place, secrets.c.name.not_in(names)))


def encrypt_anew(transaction: Transaction, ring: KeyRing) -> int:
    """Encrypt with the current key what another one encrypted; how many values there were. Raises UnreadableSecret."""
    connection = transaction.connection
    older = connection.execute(select(secrets).where(secrets.c.key_name != ring.current)).all()
    for row in older:
        value = ring.open(row.owner_id, row.name, Sealed(key_name=row.key_name, data=row.sealed))
        sealed = ring.seal(row.owner_id, row.name, value)
        connection.execute(
            update(secrets)
            .where(secrets.c.owner_id == row.owner_id, secrets.c.name == row.name)
            .values(key_name=sealed.key_name, sealed=sealed.data)
        )
    return len(older)
