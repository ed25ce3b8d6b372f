"""Every service of the contract that the Stigmer service implements, and who may call what."""

from typing import Final

from stigmer_proto.ai.stigmer.agentic.workflow.v1 import Workflow, WorkflowId
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import (
    ListWorkflowRunnersRequest,
    ReportProgressResponse,
    WorkflowProgressEvent,
    WorkflowRunner,
    WorkflowRunnerId,
    WorkflowRunnerList,
)
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceDeleteInput, ApiResourceReference

from stigmer_server.application import Application
from stigmer_server.grpc_port.environment_services import environment_services
from stigmer_server.grpc_port.execution_services import execution_services
from stigmer_server.grpc_port.instance_services import instance_services
from stigmer_server.grpc_port.methods import Service, Unary
from stigmer_server.grpc_port.roles import ANYBODY, REGISTRARS, RUNNERS, WRITERS

_WORKFLOW: Final = "ai.stigmer.agentic.workflow.v1"
_RUNNER: Final = "ai.stigmer.agentic.workflowrunner.v1"


def services(application: Application) -> tuple[Service, ...]:
    """The services, each once under its canonical name."""
    return (
        *_workflow_services(application),
        *instance_services(application),
        *execution_services(application),
        *environment_services(application),
        *_runner_services(application),
    )


def _workflow_services(application: Application) -> tuple[Service, ...]:
    workflows = application.workflows
    return (
        Service(
            name=f"{_WORKFLOW}.WorkflowCommandController",
            methods=(
                Unary(name="apply", request=Workflow, reply=Workflow, roles=WRITERS, call=workflows.apply),
                Unary(name="create", request=Workflow, reply=Workflow, roles=WRITERS, call=workflows.create),
                Unary(name="update", request=Workflow, reply=Workflow, roles=WRITERS, call=workflows.update),
                Unary(
                    name="delete",
                    request=WorkflowId,
                    reply=Workflow,
                    roles=WRITERS,
                    call=lambda message, caller: workflows.delete(message.value, caller),
                ),
            ),
        ),
        Service(
            name=f"{_WORKFLOW}.WorkflowQueryController",
            methods=(
                Unary(
                    name="get",
                    request=WorkflowId,
                    reply=Workflow,
                    roles=ANYBODY,
                    call=lambda message, caller: workflows.get(message.value, caller),
                ),
                Unary(
                    name="getByReference",
                    request=ApiResourceReference,
                    reply=Workflow,
                    roles=ANYBODY,
                    call=workflows.get_by_reference,
                ),
            ),
        ),
    )


def _runner_services(application: Application) -> tuple[Service, ...]:
    runners, executions = application.runners, application.executions
    return (
        Service(
            name=f"{_RUNNER}.WorkflowRunnerCommandController",
            methods=(
                Unary(
                    name="Create",
                    request=WorkflowRunner,
                    reply=WorkflowRunner,
                    roles=REGISTRARS,
                    call=runners.create,
                ),
                Unary(
                    name="Update",
                    request=WorkflowRunner,
                    reply=WorkflowRunner,
                    roles=REGISTRARS,
                    call=runners.update,
                ),
                Unary(
                    name="Delete",
                    request=ApiResourceDeleteInput,
                    reply=WorkflowRunner,
                    roles=REGISTRARS,
                    call=runners.delete,
                ),
            ),
        ),
        Service(
            name=f"{_RUNNER}.WorkflowRunnerQueryController",
            methods=(
                Unary(
                    name="Get",
                    request=WorkflowRunnerId,
                    reply=WorkflowRunner,
                    roles=ANYBODY,
                    call=lambda message, caller: runners.get(message.value, caller),
                ),
                Unary(
                    name="List",
                    request=ListWorkflowRunnersRequest,
                    reply=WorkflowRunnerList,
                    roles=ANYBODY,
                    call=lambda message, _caller: runners.page(message),
                ),
            ),
        ),
        Service(
            name=f"{_RUNNER}.WorkflowProgressService",
            methods=(
                Unary(
                    name="ReportProgress",
                    request=WorkflowProgressEvent,
                    reply=ReportProgressResponse,
                    roles=RUNNERS,
                    call=lambda message, _caller: executions.report_progress(message),
                ),
            ),
        ),
    )
