"""The resources of one kind: created, updated, applied, deleted and read in the same way for every kind."""

from collections.abc import Callable
from typing import Generic

from sqlalchemy.engine import Connection
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceMetadataVersion, ApiResourceReference

from stigmer_server.access import Caller
from stigmer_server.ids import new_id
from stigmer_server.refusals import Reason, Refused
from stigmer_server.resources.audit import created, updated
from stigmer_server.resources.content import content_hash
from stigmer_server.resources.kind import Kind, R
from stigmer_server.resources.metadata import (
    address_of,
    check_envelope,
    invalid,
    keep_identity,
    referred_address,
)
from stigmer_server.store.database import Database
from stigmer_server.store.resources import (
    Version,
    add_version,
    delete_resource,
    find_by_address,
    find_by_id,
    find_version,
    insert_resource,
    replace_body,
)
from stigmer_server.store.secrets import keep_secrets, read_secrets, write_secrets
from stigmer_server.store.transaction import Transaction
from stigmer_server.timestamps import now_ms
from stigmer_server.vault import KeyRing
from stigmer_server.vault.values import put_secrets, take_secrets

InUse = Callable[[Connection, str], list[str]]


class Collection(Generic[R]):
    """Stores messages as they come, but for the values of secrets, which are encrypted beside them.

    Every method raises Refused. Messages that are passed in may be completed: their slug, `api_version` and `kind`.
    """

    def __init__(self, kind: Kind[R], database: Database, ring: KeyRing) -> None:
        self.kind = kind
        self.database = database
        self.ring = ring

    async def create(self, resource: R, caller: Caller) -> R:
        """Store a new resource. ALREADY_EXISTS when the owner has one with this slug."""
        check_envelope(self.kind, resource)
        # The work may run twice when transactions cross, so it begins from the same bytes each time.
        data = bytes(resource)

        def work(transaction: Transaction) -> R:
            given = self.kind.parse(data)
            assert given.metadata is not None
            if find_by_address(transaction.connection, address_of(self.kind, given.metadata)) is not None:
                slug = given.metadata.slug
                raise Refused(Reason.ALREADY_EXISTS, f"there is a {self.kind.name} {slug!r} already")
            return self.insert(transaction, given, caller)

        return await self.database.write(work)

    async def update(self, resource: R, caller: Caller) -> R:
        """Replace the spec of the resource with this id (or, without an id, this owner and slug)."""
        if resource.metadata is None:
            raise invalid("metadata", "is missing")
        if not resource.metadata.id:
            check_envelope(self.kind, resource)
        data = bytes(resource)
        return await self.database.write(lambda transaction: self._update(transaction, self.kind.parse(data), caller))

    async def apply(self, resource: R, caller: Caller) -> R:
        """Create the resource, or update the one with the same owner and slug. Repeating it changes nothing."""
        metadata = check_envelope(self.kind, resource)
        data = bytes(resource)

        def work(transaction: Transaction) -> R:
            given = self.kind.parse(data)
            body = find_by_address(transaction.connection, address_of(self.kind, metadata), lock=True)
            if body is None:
                return self.insert(transaction, given, caller)
            return self._replace(transaction, self.kind.parse(body), given, caller)

        return await self.database.write(work)

    async def get(self, resource_id: str, caller: Caller) -> R:
        """The resource with this id."""
        if not resource_id:
            raise invalid("value", "is missing")
        return await self.database.read(lambda connection: self.read(connection, resource_id, caller))

    async def get_by_reference(self, reference: ApiResourceReference, caller: Caller) -> R:
        """The resource with this owner and slug, now or as it was at a version."""
        address = referred_address(self.kind, reference)

        def work(connection: Connection) -> R:
            newest = reference.version in ("", "latest")
            body = (
                find_by_address(connection, address) if newest else find_version(connection, address, reference.version)
            )
            if body is None:
                version = "" if newest else f" at version {reference.version!r}"
                raise Refused(Reason.NOT_FOUND, f"there is no {self.kind.name} {reference.slug!r}{version}")
            return self.shown(connection, self.kind.parse(body), caller)

        return await self.database.read(work)

    async def delete(
        self,
        resource_id: str,
        caller: Caller,
        in_use: InUse | None = None,
        *,
        also: "Callable[[Transaction, str], None] | None" = None,
        force: bool = False,
    ) -> R:
        """Remove the resource, and before it what `also` removes; return it as it was. IN_USE, unless `force`."""
        if not resource_id:
            raise invalid("resource_id", "is missing")

        def work(transaction: Transaction) -> R:
            resource = self.read(transaction.connection, resource_id, caller, lock=True)
            users = in_use(transaction.connection, resource_id) if in_use is not None and not force else []
            if users:
                raise Refused(
                    Reason.IN_USE,
                    f"{self.kind.name} {resource_id!r} is in use by {', '.join(users)}",
                    facts={"used_by": ",".join(users)},
                )
            if also is not None:
                also(transaction, resource_id)
            delete_resource(transaction, resource_id)
            return resource

        return await self.database.write(work)

    def read(self, connection: Connection, resource_id: str, caller: Caller, *, lock: bool = False) -> R:
        """The resource with this id, within a transaction."""
        body = find_by_id(connection, int(self.kind.kind), resource_id, lock=lock)
        if body is None:
            raise Refused(Reason.NOT_FOUND, f"there is no {self.kind.name} {resource_id!r}")
        return self.shown(connection, self.kind.parse(body), caller)

    def shown(self, connection: Connection, resource: R, caller: Caller) -> R:
        """The resource as the caller may see it."""
        values = self.kind.values(resource)
        if caller.reads_secrets and any(value.is_secret for value in values.values()):
            assert resource.metadata is not None
            put_secrets(values, read_secrets(connection, self.ring, resource.metadata.id))
        return resource

    def insert(self, transaction: Transaction, resource: R, caller: Caller) -> R:
        """Store a new resource whose envelope is checked and whose address is free, within a transaction."""
        metadata = resource.metadata
        assert metadata is not None
        address = address_of(self.kind, metadata)
        metadata.id = new_id(self.kind.kind)
        secrets = take_secrets(self.kind.values(resource))
        at = now_ms()
        version = content_hash(self.kind.spec(resource))
        metadata.version = ApiResourceMetadataVersion(
            id=version, message=metadata.version.message if metadata.version else ""
        )
        self.kind.set_audit(resource, created(caller, at))
        body = Version(
            version=version, tag=self.kind.tag(resource), actor=caller.name, created_at=at, body=bytes(resource)
        )
        insert_resource(transaction, metadata.id, address, self.kind.parent(resource), body)
        write_secrets(transaction, self.ring, metadata.id, secrets)
        return self._answer(resource, secrets, caller)

    def _update(self, transaction: Transaction, resource: R, caller: Caller) -> R:
        metadata = resource.metadata
        assert metadata is not None
        connection = transaction.connection
        body = (
            find_by_id(connection, int(self.kind.kind), metadata.id, lock=True)
            if metadata.id
            else find_by_address(connection, address_of(self.kind, metadata), lock=True)
        )
        if body is None:
            raise Refused(Reason.NOT_FOUND, f"there is no {self.kind.name} {(metadata.id or metadata.slug)!r}")
        return self._replace(transaction, self.kind.parse(body), resource, caller)

    def _replace(self, transaction: Transaction, stored: R, resource: R, caller: Caller) -> R:
        assert stored.metadata is not None
        assert resource.metadata is not None
        metadata, before = resource.metadata, stored.metadata
        keep_identity(before, metadata)
        check_envelope(self.kind, resource)
        values = self.kind.values(resource)
        secrets = take_secrets(values)
        known = read_secrets(transaction.connection, self.ring, before.id) if values else {}
        changed_secrets = {name: value for name, value in secrets.items() if known.get(name) != value}
        self.kind.carry_status(stored, resource)
        version = content_hash(self.kind.spec(resource), salted=bool(changed_secrets))
        message = metadata.version.message if metadata.version else ""
        same_spec = not changed_secrets and version == content_hash(self.kind.spec(stored))
        metadata.version = before.version
        audit = self.kind.audit(stored)
        assert audit is not None
        self.kind.set_audit(resource, audit)
        if same_spec and content_hash(resource) == content_hash(stored):
            return self._answer(resource, {**known, **secrets}, caller)
        at = now_ms()
        self.kind.set_audit(resource, updated(audit, caller, at))
        if not same_spec:
            previous = before.version.id if before.version else ""
            metadata.version = ApiResourceMetadataVersion(id=version, message=message, previous_version_id=previous)
            add_version(
                transaction,
                before.id,
                Version(
                    version=version,
                    tag=self.kind.tag(resource),
                    actor=caller.name,
                    created_at=at,
                    body=bytes(resource),
                ),
            )
        replace_body(transaction, before.id, self.kind.parent(resource), bytes(resource))
        write_secrets(transaction, self.ring, before.id, changed_secrets)
        keep_secrets(transaction, before.id, [name for name, value in values.items() if value.is_secret])
        return self._answer(resource, {**known, **secrets}, caller)

    def _answer(self, resource: R, secrets: dict[str, str], caller: Caller) -> R:
        if caller.reads_secrets:
            put_secrets(self.kind.values(resource), secrets)
        return resource
