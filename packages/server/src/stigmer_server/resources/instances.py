"""Workflow instances: a workflow together with its environments."""

from dataclasses import replace
from typing import Final

import betterproto2
from sqlalchemy.engine import Connection
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import Workflow
from stigmer_proto.ai.stigmer.agentic.workflowinstance.v1 import (
    GetWorkflowInstancesByWorkflowRequest,
    WorkflowInstance,
    WorkflowInstanceList,
    WorkflowInstanceSpec,
)
from stigmer_proto.ai.stigmer.commons.apiresource import (
    ApiResourceAudit,
    ApiResourceAuditStatus,
    ApiResourceDeleteInput,
    ApiResourceKind,
    ApiResourceMetadata,
    ApiResourceOwnerScope,
    ApiResourceReference,
)

from stigmer_server.access import Caller
from stigmer_server.access.caller import SERVER
from stigmer_server.refusals import Reason, Refused
from stigmer_server.resources.collection import Collection
from stigmer_server.resources.environments import ENVIRONMENT
from stigmer_server.resources.kind import Kind
from stigmer_server.resources.metadata import address_of, check_count, invalid, referred_address
from stigmer_server.resources.pages import page_of_info, total_pages
from stigmer_server.store.database import Database
from stigmer_server.store.executions import running_executions
from stigmer_server.store.resources import find_by_address, find_by_id, page_of_resources
from stigmer_server.store.transaction import Transaction
from stigmer_server.vault import KeyRing

_LONGEST_SLUG: Final = 63
_DEFAULT: Final = "-default"
_MOST_ENVIRONMENTS: Final = 100


class _InstanceKind(Kind[WorkflowInstance]):
    kind = ApiResourceKind.workflow_instance
    name = "WorkflowInstance"
    scopes = frozenset(
        {
            ApiResourceOwnerScope.platform,
            ApiResourceOwnerScope.organization,
            ApiResourceOwnerScope.identity_account,
        }
    )

    def parse(self, data: bytes) -> WorkflowInstance:
        return WorkflowInstance.parse(data)

    def spec(self, resource: WorkflowInstance) -> betterproto2.Message | None:
        return resource.spec

    def audit(self, resource: WorkflowInstance) -> ApiResourceAudit | None:
        return resource.status.audit if resource.status else None

    def set_audit(self, resource: WorkflowInstance, audit: ApiResourceAudit) -> None:
        resource.status = ApiResourceAuditStatus(audit=audit)

    def parent(self, resource: WorkflowInstance) -> str:
        return resource.spec.workflow_id if resource.spec else ""


INSTANCE: Final = _InstanceKind()


class WorkflowInstances:
    """The calls of `WorkflowInstanceCommandController` and `...QueryController`. Every method raises Refused."""

    def __init__(self, database: Database, ring: KeyRing) -> None:
        self.collection = Collection(INSTANCE, database, ring)

    async def apply(self, instance: WorkflowInstance, caller: Caller) -> WorkflowInstance:
        """Create the instance or update the one with this owner and slug."""
        return await self.collection.apply(await self._checked(instance), caller)

    async def create(self, instance: WorkflowInstance, caller: Caller) -> WorkflowInstance:
        """Store a new instance."""
        return await self.collection.create(await self._checked(instance), caller)

    async def update(self, instance: WorkflowInstance, caller: Caller) -> WorkflowInstance:
        """Replace the spec of an instance."""
        return await self.collection.update(await self._checked(instance), caller)

    async def delete(self, request: ApiResourceDeleteInput, caller: Caller) -> WorkflowInstance:
        """Remove an instance. IN_USE while it runs, unless forced."""
        return await self.collection.delete(request.resource_id, caller, running_executions, force=request.force)

    async def get(self, instance_id: str, caller: Caller) -> WorkflowInstance:
        """The instance with this id."""
        return await self.collection.get(instance_id, caller)

    async def get_by_reference(self, reference: ApiResourceReference, caller: Caller) -> WorkflowInstance:
        """The instance with this owner and slug."""
        return await self.collection.get_by_reference(reference, caller)

    async def get_by_workflow(
        self, request: GetWorkflowInstancesByWorkflowRequest, caller: Caller
    ) -> WorkflowInstanceList:
        """A page of the instances of one workflow, newest first."""
        if not request.workflow_id:
            raise invalid("workflow_id", "is missing")
        page, size = page_of_info(request.page_info)

        def work(connection: Connection) -> WorkflowInstanceList:
            bodies, total = page_of_resources(
                connection, int(INSTANCE.kind), page=page, size=size, parent=request.workflow_id
            )
            entries = [self.collection.shown(connection, INSTANCE.parse(body), caller) for body in bodies]
            return WorkflowInstanceList(total_pages=total_pages(total, size), entries=entries)

        return await self.collection.database.read(work)

    def default_of(self, transaction: Transaction, workflow: Workflow) -> WorkflowInstance:
        """The default instance of a workflow, made when it is missing; within a transaction."""
        metadata = workflow.metadata
        assert metadata is not None
        known = workflow.status.default_instance_id if workflow.status else ""
        body = find_by_id(transaction.connection, int(INSTANCE.kind), known) if known else None
        if body is not None:
            return INSTANCE.parse(body)
        # Ids are unique, so the second name is free unless somebody took it on purpose.
        for ending in (_DEFAULT, f"-{metadata.id[-8:]}{_DEFAULT}"):
            named = ApiResourceMetadata(
                name=f"{metadata.name or metadata.slug} (default)",
                slug=metadata.slug[: _LONGEST_SLUG - len(ending)].rstrip("-") + ending,
                org=metadata.org,
                owner_scope=metadata.owner_scope,
            )
            body = find_by_address(transaction.connection, address_of(INSTANCE, named))
            if body is None:
                return self._make_default(transaction, workflow, named)
            found = INSTANCE.parse(body)
            if found.spec is not None and found.spec.workflow_id == metadata.id:
                return found
        raise Refused(Reason.ALREADY_EXISTS, f"the name of the default instance of {metadata.slug!r} is taken")

    def _make_default(
        self, transaction: Transaction, workflow: Workflow, named: ApiResourceMetadata
    ) -> WorkflowInstance:
        assert workflow.metadata is not None
        instance = WorkflowInstance(
            api_version=INSTANCE.api_version,
            kind=INSTANCE.name,
            metadata=replace(named),
            spec=WorkflowInstanceSpec(workflow_id=workflow.metadata.id, description="Made when it was first needed."),
        )
        return self.collection.insert(transaction, instance, SERVER)

    async def _checked(self, instance: WorkflowInstance) -> WorkflowInstance:
        spec = instance.spec
        if spec is None or not spec.workflow_id:
            raise invalid("spec.workflow_id", "is missing")

        check_count("spec.env_refs", len(spec.env_refs), _MOST_ENVIRONMENTS)

        def check(connection: Connection) -> None:
            if find_by_id(connection, int(ApiResourceKind.workflow), spec.workflow_id) is None:
                raise invalid("spec.workflow_id", f"names no workflow: {spec.workflow_id!r}")
            for index, reference in enumerate(spec.env_refs):
                if find_by_address(connection, referred_address(ENVIRONMENT, reference)) is None:
                    raise invalid(f"spec.env_refs[{index}]", f"names no environment: {reference.slug!r}")

        await self.collection.database.read(check)
        return instance
