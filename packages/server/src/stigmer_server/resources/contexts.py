"""Contexts of executions: the merged variables and secrets of one run, for runners and operators."""

from collections.abc import Mapping
from typing import Final

import betterproto2
from stigmer_proto.ai.stigmer.agentic.executioncontext.v1 import ExecutionContext
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
from stigmer_server.resources.environments import check_names
from stigmer_server.resources.kind import Kind
from stigmer_server.resources.metadata import invalid
from stigmer_server.store.database import Database
from stigmer_server.vault import KeyRing
from stigmer_server.vault.values import NamedValue


class _ContextKind(Kind[ExecutionContext]):
    kind = ApiResourceKind.execution_context
    name = "ExecutionContext"
    scopes = frozenset({ApiResourceOwnerScope.api_resource_owner_scope_unspecified})

    def parse(self, data: bytes) -> ExecutionContext:
        return ExecutionContext.parse(data)

    def spec(self, resource: ExecutionContext) -> betterproto2.Message | None:
        return resource.spec

    def audit(self, resource: ExecutionContext) -> ApiResourceAudit | None:
        return resource.status.audit if resource.status else None

    def set_audit(self, resource: ExecutionContext, audit: ApiResourceAudit) -> None:
        resource.status = ApiResourceAuditStatus(audit=audit)

    def values(self, resource: ExecutionContext) -> Mapping[str, NamedValue]:
        return resource.spec.data if resource.spec else {}

    def parent(self, resource: ExecutionContext) -> str:
        return resource.spec.execution_id if resource.spec else ""


CONTEXT: Final = _ContextKind()


class ExecutionContexts:
    """The calls of `ExecutionContextCommandController` and `...QueryController`. Every method raises Refused."""

    def __init__(self, database: Database, ring: KeyRing) -> None:
        self.collection = Collection(CONTEXT, database, ring)

    async def apply(self, context: ExecutionContext, caller: Caller) -> ExecutionContext:
        """Create the context or update the one with this slug."""
        return await self.collection.apply(_checked(context), caller)

    async def create(self, context: ExecutionContext, caller: Caller) -> ExecutionContext:
        """Store a new context."""
        return await self.collection.create(_checked(context), caller)

    async def delete(self, request: ApiResourceDeleteInput, caller: Caller) -> ExecutionContext:
        """Remove a context."""
        return await self.collection.delete(request.resource_id, caller)

    async def get(self, context_id: str, caller: Caller) -> ExecutionContext:
        """The context with this id."""
        return await self.collection.get(context_id, caller)

    async def get_by_reference(self, reference: ApiResourceReference, caller: Caller) -> ExecutionContext:
        """The context with this slug; that of an execution has the execution's id as its slug."""
        return await self.collection.get_by_reference(reference, caller)


def _checked(context: ExecutionContext) -> ExecutionContext:
    if context.spec is None or not context.spec.execution_id:
        raise invalid("spec.execution_id", "is missing")
    check_names(context.spec.data, "spec.data")
    return context
