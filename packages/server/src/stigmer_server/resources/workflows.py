"""Workflows: nothing is stored that cannot run."""

from collections.abc import Mapping
from typing import Final

import betterproto2
from sqlalchemy.engine import Connection
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import Workflow, WorkflowSpec, WorkflowStatus
from stigmer_proto.ai.stigmer.commons.apiresource import (
    ApiResourceAudit,
    ApiResourceKind,
    ApiResourceOwnerScope,
    ApiResourceReference,
)

from stigmer_server.access import Caller
from stigmer_server.resources.collection import Collection
from stigmer_server.resources.instances import INSTANCE
from stigmer_server.resources.kind import Kind
from stigmer_server.resources.validation import WorkflowValidation
from stigmer_server.store.database import Database
from stigmer_server.store.executions import running_executions
from stigmer_server.store.resources import delete_resource, find_by_id, page_of_resources
from stigmer_server.store.transaction import Transaction
from stigmer_server.vault import KeyRing
from stigmer_server.vault.values import NamedValue


class _WorkflowKind(Kind[Workflow]):
    kind = ApiResourceKind.workflow
    name = "Workflow"
    scopes = frozenset({ApiResourceOwnerScope.platform, ApiResourceOwnerScope.organization})

    def parse(self, data: bytes) -> Workflow:
        return Workflow.parse(data)

    def spec(self, resource: Workflow) -> betterproto2.Message | None:
        return resource.spec

    def audit(self, resource: Workflow) -> ApiResourceAudit | None:
        return resource.status.audit if resource.status else None

    def set_audit(self, resource: Workflow, audit: ApiResourceAudit) -> None:
        resource.status = resource.status or WorkflowStatus()
        resource.status.audit = audit

    def carry_status(self, stored: Workflow, resource: Workflow) -> None:
        assert stored.status is not None
        assert resource.status is not None
        resource.status.default_instance_id = stored.status.default_instance_id
        validated, before = resource.status.serverless_workflow_validation, stored.status.serverless_workflow_validation
        # The same document, validated again, is no change.
        if validated is not None and before is not None and validated.yaml == before.yaml:
            validated.validated_at = before.validated_at

    def values(self, resource: Workflow) -> Mapping[str, NamedValue]:
        environment = resource.spec.env_spec if resource.spec else None
        return environment.data if environment else {}

    def tag(self, resource: Workflow) -> str:
        document = resource.spec.document if resource.spec else None
        return document.version if document else ""


WORKFLOW: Final = _WorkflowKind()
_SHOWN_USERS: Final = 10


class Workflows:
    """The calls of `WorkflowCommandController` and `WorkflowQueryController`. Every method raises Refused."""

    def __init__(self, database: Database, ring: KeyRing, validation: WorkflowValidation) -> None:
        self.collection = Collection(WORKFLOW, database, ring)
        self._validation = validation

    async def apply(self, workflow: Workflow, caller: Caller) -> Workflow:
        """Create the workflow or update the one with this owner and slug."""
        return await self.collection.apply(await self._validated(workflow), caller)

    async def create(self, workflow: Workflow, caller: Caller) -> Workflow:
        """Store a new workflow."""
        return await self.collection.create(await self._validated(workflow), caller)

    async def update(self, workflow: Workflow, caller: Caller) -> Workflow:
        """Replace the spec of a workflow; executions that run keep theirs."""
        return await self.collection.update(await self._validated(workflow), caller)

    async def delete(self, workflow_id: str, caller: Caller) -> Workflow:
        """Remove a workflow and its default instance. IN_USE while it has other instances or runs."""
        return await self.collection.delete(workflow_id, caller, _users, also=_delete_default_instance)

    async def get(self, workflow_id: str, caller: Caller) -> Workflow:
        """The workflow with this id."""
        return await self.collection.get(workflow_id, caller)

    async def get_by_reference(self, reference: ApiResourceReference, caller: Caller) -> Workflow:
        """The workflow with this owner and slug, of any version it had."""
        return await self.collection.get_by_reference(reference, caller)

    async def page(self, page: int, size: int, caller: Caller) -> tuple[list[Workflow], int]:
        """A page of workflows (from 0), newest first, and how many there are. Not part of the contract."""

        def work(connection: Connection) -> tuple[list[Workflow], int]:
            bodies, total = page_of_resources(connection, int(WORKFLOW.kind), page=page, size=size)
            return [self.collection.shown(connection, WORKFLOW.parse(body), caller) for body in bodies], total

        return await self.collection.database.read(work)

    async def check(self, spec: WorkflowSpec | None) -> None:
        """Check a spec as `create` does, and store nothing. Raises Refused (INVALID_SPEC) with every problem."""
        await self._validation.validate(spec)

    async def _validated(self, workflow: Workflow) -> Workflow:
        workflow.status = WorkflowStatus(serverless_workflow_validation=await self._validation.validate(workflow.spec))
        return workflow


def _default_instance_id(connection: Connection, workflow_id: str) -> str:
    body = find_by_id(connection, int(WORKFLOW.kind), workflow_id)
    status = WORKFLOW.parse(body).status if body is not None else None
    return status.default_instance_id if status is not None else ""


def _users(connection: Connection, workflow_id: str) -> list[str]:
    """Instances but the default one, and executions that have not ended."""
    default = _default_instance_id(connection, workflow_id)
    bodies, _ = page_of_resources(connection, int(INSTANCE.kind), page=0, size=_SHOWN_USERS, parent=workflow_id)
    instances = [instance.metadata.id for instance in map(INSTANCE.parse, bodies) if instance.metadata is not None]
    return [*(found for found in instances if found != default), *running_executions(connection, workflow_id)]


def _delete_default_instance(transaction: Transaction, workflow_id: str) -> None:
    default = _default_instance_id(transaction.connection, workflow_id)
    if default:
        delete_resource(transaction, default)
