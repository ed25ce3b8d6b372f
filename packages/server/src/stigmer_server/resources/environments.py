"""Environments: named variables and secrets."""

import re
from collections.abc import Mapping
from typing import Final

import betterproto2
from sqlalchemy.engine import Connection
from stigmer_proto.ai.stigmer.agentic.environment.v1 import Environment
from stigmer_proto.ai.stigmer.agentic.workflowinstance.v1 import WorkflowInstance
from stigmer_proto.ai.stigmer.commons.apiresource import (
    ApiResourceAudit,
    ApiResourceAuditStatus,
    ApiResourceDeleteInput,
    ApiResourceKind,
    ApiResourceOwnerScope,
    ApiResourceReference,
)

from stigmer_server.access import Caller
from stigmer_server.resources.collection import Collection
from stigmer_server.resources.kind import Kind
from stigmer_server.resources.metadata import address_of, check_count, invalid, referred_address
from stigmer_server.store.database import Database
from stigmer_server.store.resources import all_resources, find_by_id
from stigmer_server.vault import KeyRing
from stigmer_server.vault.values import NamedValue

_LONGEST_NAME: Final = 255
_MOST_VARIABLES: Final = 1000
_NAME: Final = re.compile(rf"[A-Za-z_][A-Za-z0-9_]{{0,{_LONGEST_NAME - 1}}}")


class _EnvironmentKind(Kind[Environment]):
    kind = ApiResourceKind.environment
    name = "Environment"
    scopes = frozenset(
        {
            ApiResourceOwnerScope.platform,
            ApiResourceOwnerScope.organization,
            ApiResourceOwnerScope.identity_account,
        }
    )

    def parse(self, data: bytes) -> Environment:
        return Environment.parse(data)

    def spec(self, resource: Environment) -> betterproto2.Message | None:
        return resource.spec

    def audit(self, resource: Environment) -> ApiResourceAudit | None:
        return resource.status.audit if resource.status else None

    def set_audit(self, resource: Environment, audit: ApiResourceAudit) -> None:
        resource.status = ApiResourceAuditStatus(audit=audit)

    def values(self, resource: Environment) -> Mapping[str, NamedValue]:
        return resource.spec.data if resource.spec else {}


ENVIRONMENT: Final = _EnvironmentKind()


class Environments:
    """The calls of `EnvironmentCommandController` and `EnvironmentQueryController`. Every method raises Refused."""

    def __init__(self, database: Database, ring: KeyRing) -> None:
        self.collection = Collection(ENVIRONMENT, database, ring)

    async def apply(self, environment: Environment, caller: Caller) -> Environment:
        """Create the environment or update the one with this owner and slug."""
        return await self.collection.apply(_checked(environment), caller)

    async def create(self, environment: Environment, caller: Caller) -> Environment:
        """Store a new environment."""
        return await self.collection.create(_checked(environment), caller)

    async def update(self, environment: Environment, caller: Caller) -> Environment:
        """Replace the values. A secret that comes without its value keeps the one it has."""
        return await self.collection.update(_checked(environment), caller)

    async def delete(self, request: ApiResourceDeleteInput, caller: Caller) -> Environment:
        """Remove an environment. IN_USE while an instance refers to it, unless forced."""
        return await self.collection.delete(request.resource_id, caller, _referring_instances, force=request.force)

    async def get(self, environment_id: str, caller: Caller) -> Environment:
        """The environment with this id."""
        return await self.collection.get(environment_id, caller)

    async def get_by_reference(self, reference: ApiResourceReference, caller: Caller) -> Environment:
        """The environment with this owner and slug."""
        return await self.collection.get_by_reference(reference, caller)


def check_names(values: Mapping[str, NamedValue], field: str) -> None:
    """Raise Refused when a name cannot be a variable's, or there are too many of them."""
    check_count(field, len(values), _MOST_VARIABLES)
    for name in values:
        if _NAME.fullmatch(name) is None:
            raise invalid(
                f"{field}[{name[:_LONGEST_NAME]!r}]",
                f"must be named with letters, digits and `_`, not beginning with a digit, at most {_LONGEST_NAME}",
            )


def _checked(environment: Environment) -> Environment:
    if environment.spec is not None:
        check_names(environment.spec.data, "spec.data")
    return environment


def _referring_instances(connection: Connection, environment_id: str) -> list[str]:
    body = find_by_id(connection, int(ENVIRONMENT.kind), environment_id)
    metadata = ENVIRONMENT.parse(body).metadata if body is not None else None
    if metadata is None:
        return []
    address = address_of(ENVIRONMENT, metadata)
    users = []
    for stored in all_resources(connection, int(ApiResourceKind.workflow_instance)):
        instance = WorkflowInstance.parse(stored)
        references = instance.spec.env_refs if instance.spec else []
        if instance.metadata and any(referred_address(ENVIRONMENT, reference) == address for reference in references):
            users.append(instance.metadata.id)
    return users
