"""What the kinds of resources differ in."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import betterproto2
from stigmer_proto.ai.stigmer.commons.apiresource import (
    ApiResourceAudit,
    ApiResourceKind,
    ApiResourceMetadata,
    ApiResourceOwnerScope,
)

from stigmer_server.vault.values import NamedValue


class Resource(Protocol):
    """The fields that every resource of the contract has."""

    api_version: str
    kind: str
    metadata: ApiResourceMetadata | None

    def __bytes__(self) -> bytes: ...

    def to_dict(self) -> dict[str, Any]:
        """Its protojson."""
        ...


R = TypeVar("R", bound=Resource)


class Kind(ABC, Generic[R]):
    """One kind of resource: its names, who may own it, and where its parts are."""

    kind: ClassVar[ApiResourceKind]
    name: ClassVar[str]
    api_version: ClassVar[str] = "agentic.stigmer.ai/v1"
    scopes: ClassVar[frozenset[ApiResourceOwnerScope]]

    @abstractmethod
    def parse(self, data: bytes) -> R:
        """The resource from its bytes."""

    @abstractmethod
    def spec(self, resource: R) -> betterproto2.Message | None:
        """What the client wants."""

    @abstractmethod
    def audit(self, resource: R) -> ApiResourceAudit | None:
        """Who changed it and when."""

    @abstractmethod
    def set_audit(self, resource: R, audit: ApiResourceAudit) -> None:
        """Put the audit in its place; the rest of the status stays."""

    def carry_status(self, stored: R, resource: R) -> None:
        """Take over what the server computed for the stored resource and an update keeps."""

    def values(self, resource: R) -> Mapping[str, NamedValue]:  # noqa: ARG002 - most kinds have none
        """The named values, secrets among them."""
        return {}

    def parent(self, resource: R) -> str:  # noqa: ARG002 - most kinds have none
        """The id of the resource that this one belongs to."""
        return ""

    def tag(self, resource: R) -> str:  # noqa: ARG002 - most kinds have none
        """The version its author gave it, by which a reference may ask for it."""
        return ""
