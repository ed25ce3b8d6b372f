"""The services of executions."""

from collections.abc import Awaitable, Callable
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
from stigmer_server.grpc_port.methods import Method, Q, Service, Streaming, Unary
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
        _order("cancel", CancelWorkflowExecutionRequest, lambda asked: executions.cancel(asked.id, asked.reason)),
        _order(
            "terminate", TerminateWorkflowExecutionRequest, lambda asked: executions.terminate(asked.id, asked.reason)
        ),
        _order("pause", PauseWorkflowExecutionRequest, lambda asked: executions.pause(asked.id, asked.reason)),
        _order("resume", ResumeWorkflowExecutionRequest, lambda asked: executions.resume(asked.id)),
        _order("sendSignal", SendSignalRequest, executions.signal),
    )


def _order(name: str, request: type[Q], call: Callable[[Q], Awaitable[WorkflowExecution]]) -> Method:
    return Unary(
        name=name, request=request, reply=_EXECUTION, roles=WRITERS, call=lambda message, _caller: call(message)
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
