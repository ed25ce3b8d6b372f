"""Resources by id and by owner and slug, with every spec they ever had."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from stigmer_server.store.tables import resource_versions, resources
from stigmer_server.store.tables import secrets as secrets_table
from stigmer_server.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Kind, owner and slug: unique among all resources. Numbers are those of the contract's enums."""

    kind: int
    scope: int
    org: str
    slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One spec of a resource: the hash that names it, the author's own name for it, and the whole resource then."""

    version: str
    tag: str
    actor: str
    created_at: int
    body: bytes


def insert_resource(
    transaction: Transaction, resource_id: str, address: Address, parent: str, version: Version
) -> None:
    """Store a new resource. Raises IntegrityError when the address is taken."""
    transaction.connection.execute(
        insert(resources).values(
            id=resource_id,
            kind=address.kind,
            scope=address.scope,
            org=address.org,
            slug=address.slug,
            parent=parent,
            created_at=version.created_at,
            body=version.body,
        )
    )
    _add_version(transaction.connection, resource_id, 1, version)


def replace_body(transaction: Transaction, resource_id: str, parent: str, body: bytes) -> None:
    """Store a resource whose spec is the same."""
    transaction.connection.execute(
        update(resources).where(resources.c.id == resource_id).values(parent=parent, body=body)
    )


def add_version(transaction: Transaction, resource_id: str, version: Version) -> None:
    """Remember a new spec of a stored resource."""
    connection = transaction.connection
    number = connection.execute(
        select(func.max(resource_versions.c.number)).where(resource_versions.c.resource_id == resource_id)
    ).scalar_one()
    _add_version(connection, resource_id, (number or 0) + 1, version)


def delete_resource(transaction: Transaction, resource_id: str) -> None:
    """Remove a resource with its versions and secrets."""
    transaction.connection.execute(delete(secrets_table).where(secrets_table.c.owner_id == resource_id))
    transaction.connection.execute(delete(resources).where(resources.c.id == resource_id))


def find_by_id(connection: Connection, kind: int, resource_id: str, *, lock: bool = False) -> bytes | None:
    """The body of the resource of this kind and id. `lock` holds off other writers until the end of the transaction:
    what is to be replaced must be read with it.
    """
    query = select(resources.c.body).where(resources.c.id == resource_id, resources.c.kind == kind)
    return connection.execute(query.with_for_update() if lock else query).scalar_one_or_none()


def find_by_address(connection: Connection, address: Address, *, lock: bool = False) -> bytes | None:
    """The body of the resource with this owner and slug. `lock` holds off other writers, as in `find_by_id`."""
    query = select(resources.c.body).where(*_at(address))
    return connection.execute(query.with_for_update() if lock else query).scalar_one_or_none()


def find_version(connection: Connection, address: Address, version: str) -> bytes | None:
    """The body that the resource had at a version: its hash, or the author's own name for it, the newest first."""
    return connection.execute(
        select(resource_versions.c.body)
        .join(resources, resources.c.id == resource_versions.c.resource_id)
        .where(*_at(address), (resource_versions.c.version == version) | (resource_versions.c.tag == version))
        .order_by(resource_versions.c.number.desc())
        .limit(1)
    ).scalar_one_or_none()


def page_of_resources(
    connection: Connection, kind: int, *, page: int, size: int, parent: str | None = None, text: str = ""
) -> tuple[Sequence[bytes], int]:
    """The bodies of a page (from 0), newest first, and how many there are in all.

    `text` chooses those that hold it in their slug or id, in any case.
    """
    chosen: list[ColumnElement[Any]] = [resources.c.kind == kind]
    if parent is not None:
        chosen.append(resources.c.parent == parent)
    if text:
        chosen.append(or_(*(column.icontains(text, autoescape=True) for column in (resources.c.slug, resources.c.id))))
    total = connection.execute(select(func.count()).select_from(resources).where(*chosen)).scalar_one()
    bodies = connection.execute(
        select(resources.c.body)
        .where(*chosen)
        .order_by(resources.c.created_at.desc(), resources.c.id.desc())
        .limit(size)
        .offset(page * size)
    )
    return list(bodies.scalars()), total


def all_resources(connection: Connection, kind: int) -> Sequence[bytes]:
    """The bodies of every resource of a kind, the oldest first."""
    query = select(resources.c.body).where(resources.c.kind == kind).order_by(resources.c.created_at, resources.c.id)
    return list(connection.execute(query).scalars())


def _add_version(connection: Connection, resource_id: str, number: int, version: Version) -> None:
    connection.execute(
        insert(resource_versions).values(
            resource_id=resource_id,
            number=number,
            version=version.version,
            tag=version.tag,
            actor=version.actor,
            created_at=version.created_at,
            body=version.body,
        )
    )


def _at(address: Address) -> tuple[ColumnElement[Any], ...]:
    return (
        resources.c.kind == address.kind,
        resources.c.scope == address.scope,
        resources.c.org == address.org,
        resources.c.slug == address.slug,
    )
