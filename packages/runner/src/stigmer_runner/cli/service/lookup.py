"""Finds what a command means by a name or an id."""

import re
from typing import Final

from stigmer_proto.ai.stigmer.agentic.workflow.v1 import Workflow, WorkflowId
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import WorkflowExecution, WorkflowExecutionId
from stigmer_proto.ai.stigmer.commons.apiresource import (
    ApiResourceKind,
    ApiResourceOwnerScope,
    ApiResourceReference,
)

from stigmer_runner.cli.service.client import ServiceClient
from stigmer_runner.cli.service.failures import ServiceFailure

_ID: Final = re.compile(r"[a-z]+-[0-9a-hjkmnp-tv-z]{26}")


async def find_workflow(client: ServiceClient, name: str, org: str) -> Workflow:
    """The workflow with this id, or this name (its slug). Raises ServiceFailure."""
    if _ID.fullmatch(name):
        return await client.call(lambda: client.workflows.get(WorkflowId(value=name)))
    scope = ApiResourceOwnerScope.organization if org else ApiResourceOwnerScope.platform
    reference = ApiResourceReference(scope=scope, org=org, kind=ApiResourceKind.workflow, slug=name)
    try:
        return await client.call(lambda: client.workflows.get_by_reference(reference))
    except ServiceFailure as failure:
        if not failure.absent:
            raise
        owner = f" of the organization {org!r}" if org else ""
        raise ServiceFailure(
            f"There is no workflow {name!r}{owner}; `stigmer list workflows` tells which there are.", absent=True
        ) from None


async def find_execution(client: ServiceClient, execution_id: str) -> WorkflowExecution:
    """The run with this id. Raises ServiceFailure."""
    return await client.call(lambda: client.executions.get(WorkflowExecutionId(value=execution_id)))
