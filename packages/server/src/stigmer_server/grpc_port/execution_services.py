"""The services of executions."""

from typing import Final

from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    CancelWorkflowExecutionRequest,
    ListWorkflowExecutionsByWorkflowRequest,
    ListWorkflowExecutionsRequest,
    PauseWorkflowExecutionRequest,
    ResumeWorkflowExecutionRequest,
    SendSignalRequest,
    SubscribeWorkflowExecutionRequest,
    TerminateWorkflowExecutionRequest,
    WorkflowExecution,
    WorkflowExecutionId,
    WorkflowExecutionList,
    WorkflowExecutionUpdateStatusInput,
)
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceId

from stigmer_server.application import Application
from stigmer_server.grpc_port.methods import Method, Service, Streaming, Unary
from stigmer_server.grpc_port.roles import ANYBODY, RUNNERS, WRITERS
from stigmer_server.grpc_port.snapshot_encoding import encoded_snapshots

_PACKAGE: Final = "ai.stigmer.agentic.workflowexecution.v1"
_EXECUTION: Final = WorkflowExecution


def execution_services(application: Application) -> tuple[Service, ...]:
    """Commands and queries."""
    return (
        Service(
            name=f"{_PACKAGE}.WorkflowExecutionCommandController",
            methods=(*_commands(application), *_control(application)),
        ),
        Service(name=f"{_PACKAGE}.WorkflowExecutionQueryController", methods=_queries(application)),
    )


def _commands(application: Application) -> tuple[Method, ...]:
    executions = application.executions
    return (
        Unary(name="create", request=_EXECUTION, reply=_EXECUTION, roles=WRITERS, call=executions.create),
        Unary(name="update", request=_EXECUTION, reply=_EXECUTION, roles=WRITERS, call=executions.update),
        Unary(
            name="updateStatus",
            request=WorkflowExecutionUpdateStatusInput,
            reply=_EXECUTION,
            roles=RUNNERS,
            call=executions.update_status,
        ),
        Unary(
            name="delete",
            request=ApiResourceId,
            reply=_EXECUTION,
            roles=WRITERS,
            call=lambda request, caller: executions.delete(request.value, caller),
        ),
    )


def _control(application: Application) -> tuple[Method, ...]:
    executions = application.executions
    return (
        Unary(
            name="cancel",
            request=CancelWorkflowExecutionRequest,
            reply=_EXECUTION,
            roles=WRITERS,
            call=lambda request, _caller: executions.cancel(request.id, request.reason),
        ),
        Unary(
            name="terminate",
            request=TerminateWorkflowExecutionRequest,
            reply=_EXECUTION,
            roles=WRITERS,
            call=lambda request, _caller: executions.terminate(request.id, request.reason),
        ),
        Unary(
            name="pause",
            request=PauseWorkflowExecutionRequest,
            reply=_EXECUTION,
            roles=WRITERS,
            call=lambda request, _caller: executions.pause(request.id, request.reason),
        ),
        Unary(
            name="resume",
            request=ResumeWorkflowExecutionRequest,
            reply=_EXECUTION,
            roles=WRITERS,
            call=lambda request, _caller: executions.resume(request.id),
        ),
        Unary(
            name="sendSignal",
            request=SendSignalRequest,
            reply=_EXECUTION,
            roles=WRITERS,
            call=lambda request, _caller: executions.signal(request),
        ),
    )


def _queries(application: Application) -> tuple[Method, ...]:
    executions = application.executions
    return (
        Unary(
            name="get",
            request=WorkflowExecutionId,
            reply=_EXECUTION,
            roles=ANYBODY,
            call=lambda request, caller: executions.get(request.value, caller),
        ),
        Unary(
            name="list",
            request=ListWorkflowExecutionsRequest,
            reply=WorkflowExecutionList,
            roles=ANYBODY,
            call=lambda request, _caller: executions.page(request),
        ),
        Unary(
            name="listByWorkflow",
            request=ListWorkflowExecutionsByWorkflowRequest,
            reply=WorkflowExecutionList,
            roles=ANYBODY,
            call=lambda request, _caller: executions.page_by_workflow(request),
        ),
        Streaming(
            name="subscribe",
            request=SubscribeWorkflowExecutionRequest,
            reply=_EXECUTION,
            roles=ANYBODY,
            call=lambda request, _caller: encoded_snapshots(executions.subscribe(request)),
        ),
    )
