"""The services of workflow instances."""

from typing import Final

from stigmer_proto.ai.stigmer.agentic.workflowinstance.v1 import (
    GetWorkflowInstancesByWorkflowRequest,
    WorkflowInstance,
    WorkflowInstanceId,
    WorkflowInstanceList,
)
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceDeleteInput, ApiResourceReference

from stigmer_server.application import Application
from stigmer_server.grpc_port.methods import Service, Unary
from stigmer_server.grpc_port.roles import ANYBODY, WRITERS

_PACKAGE: Final = "ai.stigmer.agentic.workflowinstance.v1"


def instance_services(application: Application) -> tuple[Service, ...]:
    """Commands and queries."""
    instances = application.instances
    message = WorkflowInstance
    return (
        Service(
            name=f"{_PACKAGE}.WorkflowInstanceCommandController",
            methods=(
                Unary(name="apply", request=message, reply=message, roles=WRITERS, call=instances.apply),
                Unary(name="create", request=message, reply=message, roles=WRITERS, call=instances.create),
                Unary(name="update", request=message, reply=message, roles=WRITERS, call=instances.update),
                Unary(
                    name="delete", request=ApiResourceDeleteInput, reply=message, roles=WRITERS, call=instances.delete
                ),
            ),
        ),
        Service(
            name=f"{_PACKAGE}.WorkflowInstanceQueryController",
            methods=(
                Unary(
                    name="get",
                    request=WorkflowInstanceId,
                    reply=message,
                    roles=ANYBODY,
                    call=lambda request, caller: instances.get(request.value, caller),
                ),
                Unary(
                    name="getByWorkflow",
                    request=GetWorkflowInstancesByWorkflowRequest,
                    reply=WorkflowInstanceList,
                    roles=ANYBODY,
                    call=instances.get_by_workflow,
                ),
                Unary(
                    name="getByReference",
                    request=ApiResourceReference,
                    reply=message,
                    roles=ANYBODY,
                    call=instances.get_by_reference,
                ),
            ),
        ),
    )
