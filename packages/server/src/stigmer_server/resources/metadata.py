"""Identity and owner of a resource: checked, completed, and kept from changing."""

from typing import Final

from betterproto2 import Enum
from stigmer_proto.ai.stigmer.commons.apiresource import (
    ApiResourceKind,
    ApiResourceMetadata,
    ApiResourceOwnerScope,
    ApiResourceReference,
)

from stigmer_server.ids import is_slug, slug_of
from stigmer_server.refusals import Reason, Refused
from stigmer_server.resources.kind import Kind, R
from stigmer_server.store.resources import Address

_LONGEST_TEXT: Final = 255
"""Of what an index holds: PostgreSQL bounds the rows of one."""
_MOST_TAGS: Final = 100


def check_envelope(kind: Kind[R], resource: R, *, named: bool = True) -> ApiResourceMetadata:
    """The metadata of a resource a client sent, its slug filled in. Raises Refused (INVALID_REQUEST).

    Empty `api_version` and `kind` are filled in: they can only be what the call is about. `named`: it needs a slug.
    """
    for field, expected in (("api_version", kind.api_version), ("kind", kind.name)):
        given = getattr(resource, field)
        if given not in ("", expected):
            raise invalid(field, f"must be {expected!r}, not {given!r}")
        setattr(resource, field, expected)
    if resource.metadata is None:
        raise invalid("metadata", "is missing")
    metadata = resource.metadata
    if metadata.owner_scope not in kind.scopes:
        allowed = " or ".join(sorted(scope.name or str(int(scope)) for scope in kind.scopes))
        raise invalid("metadata.owner_scope", f"must be {allowed}")
    if (metadata.owner_scope == ApiResourceOwnerScope.organization) != bool(metadata.org):
        raise invalid("metadata.org", "must be set when the owner is an organization, and only then")
    for field, texts in (("metadata.org", [metadata.org]), ("metadata.tags", metadata.tags)):
        if any(len(text) > _LONGEST_TEXT or "\x00" in text for text in texts):
            raise invalid(field, f"must be at most {_LONGEST_TEXT} characters, none of them U+0000")
    check_count("metadata.tags", len(metadata.tags), _MOST_TAGS)
    metadata.slug = metadata.slug or slug_of(metadata.name)
    if not metadata.slug and not named:
        return metadata
    if not metadata.slug:
        raise invalid("metadata.name", "must hold a letter or digit, or metadata.slug must be set")
    if not is_slug(metadata.slug):
        raise invalid("metadata.slug", "must be lower-case letters, digits and single `-`, at most 63 characters")
    return metadata


def address_of(kind: Kind[R], metadata: ApiResourceMetadata) -> Address:
    """Where the resource is found by its owner and slug."""
    return Address(kind=int(kind.kind), scope=int(metadata.owner_scope), org=metadata.org, slug=metadata.slug)


def referred_address(kind: Kind[R], reference: ApiResourceReference) -> Address:
    """Where a reference points to. Raises Refused (INVALID_REQUEST) when it is about another kind."""
    if reference.kind not in (ApiResourceKind.api_resource_kind_unknown, kind.kind):
        raise invalid("kind", f"must be {kind.kind.name}, not {reference.kind.name}")
    if not reference.slug:
        raise invalid("slug", "is missing")
    scope = reference.scope or (ApiResourceOwnerScope.organization if reference.org else _default_scope(kind))
    return Address(kind=int(kind.kind), scope=int(scope), org=reference.org, slug=reference.slug)


def keep_identity(stored: ApiResourceMetadata, given: ApiResourceMetadata) -> None:
    """Take over what cannot change. Raises Refused (INVALID_REQUEST) when the client wants to change it."""
    for field in ("slug", "org", "owner_scope"):
        before, after = getattr(stored, field), getattr(given, field)
        if after and after != before:
            raise invalid(f"metadata.{field}", f"cannot change; it is {getattr(before, 'name', before)!r}")
        setattr(given, field, before)
    given.id = stored.id


def invalid(field: str, what: str) -> Refused:
    """The refusal of a field: `field what`."""
    return Refused(Reason.INVALID_REQUEST, f"{field} {what}", field=field)


def check_count(field: str, count: int, most: int) -> None:
    """Raise Refused (INVALID_REQUEST) for more entries than one transaction should write: others wait for it."""
    if count > most:
        raise invalid(field, f"must be at most {most}, not {count}")


def check_defined(field: str, value: Enum) -> None:
    """Raise Refused (INVALID_REQUEST) for a number that the contract's enum does not have."""
    if value not in tuple(type(value)):
        raise invalid(field, f"must be one of {', '.join(known.name or '' for known in type(value))}, not {int(value)}")


def _default_scope(kind: Kind[R]) -> ApiResourceOwnerScope:
    unscoped = ApiResourceOwnerScope.api_resource_owner_scope_unspecified
    return unscoped if unscoped in kind.scopes else ApiResourceOwnerScope.platform
