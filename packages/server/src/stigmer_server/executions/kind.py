"""The execution as a kind of resource: names and owners. It is stored in tables of its own."""

from collections.abc import Mapping
from typing import Final

import betterproto2
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import WorkflowExecution, WorkflowExecutionStatus
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceAudit, ApiResourceKind, ApiResourceOwnerScope

from stigmer_server.resources.kind import Kind
from stigmer_server.vault.values import NamedValue


class _ExecutionKind(Kind[WorkflowExecution]):
    kind = ApiResourceKind.workflow_execution
    name = "WorkflowExecution"
    scopes = frozenset({ApiResourceOwnerScope.organization, ApiResourceOwnerScope.identity_account})

    def parse(self, data: bytes) -> WorkflowExecution:
        return WorkflowExecution.parse(data)

    def spec(self, resource: WorkflowExecution) -> betterproto2.Message | None:
        return resource.spec

    def audit(self, resource: WorkflowExecution) -> ApiResourceAudit | None:
        return resource.status.audit if resource.status else None

    def set_audit(self, resource: WorkflowExecution, audit: ApiResourceAudit) -> None:
        resource.status = resource.status or WorkflowExecutionStatus()
        resource.status.audit = audit

    def values(self, resource: WorkflowExecution) -> Mapping[str, NamedValue]:
        return resource.spec.runtime_env if resource.spec else {}


EXECUTION: Final = _ExecutionKind()
