"""API keys: made of 256 random bits, stored as their SHA-256 only."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection, Row

from stigmer_server.access.caller import Role
from stigmer_server.store.tables import api_keys
from stigmer_server.store.transaction import Transaction
from stigmer_server.timestamps import now_ms

_PREFIX: Final = "stigmer"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """What is known about a key; times are Unix milliseconds."""

    hash: str
    name: str
    role: Role
    created_at: int
    revoked_at: int | None


def new_key(role: Role) -> str:
    """A key to hand out; it cannot be shown again."""
    return f"{_PREFIX}-{role}-{secrets.token_urlsafe(32)}"


def key_hash(key: str) -> str:
    """What is stored of a key: SHA-256 in hex. Decision 0807 tells why no slow hash is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


def store_key(transaction: Transaction, key: str, *, name: str, role: Role) -> None:
    """Store the key, or give one that is stored already this name and role."""
    connection, digest = transaction.connection, key_hash(key)
    known = connection.execute(
        update(api_keys).where(api_keys.c.hash == digest).values(name=name, role=str(role), revoked_at=None)
    )
    if not known.rowcount:
        connection.execute(
            insert(api_keys).values(hash=digest, name=name, role=str(role), created_at=now_ms(), revoked_at=None)
        )


def revoke_keys(transaction: Transaction, name: str) -> int:
    """Let the keys of this name be refused from now on; how many there were."""
    found = transaction.connection.execute(
        update(api_keys).where(api_keys.c.name == name, api_keys.c.revoked_at.is_(None)).values(revoked_at=now_ms())
    )
    return found.rowcount


def find_key(connection: Connection, digest: str) -> KeyRecord | None:
    """The key with this hash that is not revoked."""
    row = connection.execute(
        select(api_keys).where(api_keys.c.hash == digest, api_keys.c.revoked_at.is_(None))
    ).one_or_none()
    return None if row is None else _record(row)


def list_keys(connection: Connection) -> Sequence[KeyRecord]:
    """All keys, revoked ones included, the oldest first."""
    return [_record(row) for row in connection.execute(select(api_keys).order_by(api_keys.c.created_at))]


def _record(row: Row[*tuple[Any, ...]]) -> KeyRecord:
    return KeyRecord(
        hash=row.hash, name=row.name, role=Role(row.role), created_at=row.created_at, revoked_at=row.revoked_at
    )
