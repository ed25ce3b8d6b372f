"""Enum values and service methods of the contract, written down a second time by hand."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import pytest
import stigmer_proto
from stigmer_proto.google_proto_descriptor_pool import default_google_proto_descriptor_pool as pool

for _module in pkgutil.walk_packages(stigmer_proto.__path__, "stigmer_proto."):
    importlib.import_module(_module.name)

AGENTIC = "ai.stigmer.agentic"
RESOURCE = "ai.stigmer.commons.apiresource"
PHASES = {
    "EXECUTION_PHASE_UNSPECIFIED": 0,
    "EXECUTION_PENDING": 1,
    "EXECUTION_IN_PROGRESS": 2,
    "EXECUTION_COMPLETED": 3,
    "EXECUTION_FAILED": 4,
    "EXECUTION_CANCELLED": 5,
}


def prefixed(prefix: str, *names: str) -> dict[str, int]:
    return {f"{prefix}{name}": number for number, name in enumerate(names)}


ENUMS: dict[str, dict[str, int]] = {
    f"{RESOURCE}.WorkflowTaskKind": prefixed(
        "WORKFLOW_TASK_KIND_",
        *("UNSPECIFIED", "SET", "HTTP_CALL", "GRPC_CALL", "CALL_ACTIVITY", "SWITCH", "FOR", "FORK", "TRY", "LISTEN"),
        *("WAIT", "RAISE", "RUN", "AGENT_CALL"),
    ),
    f"{RESOURCE}.ApiResourceOwnerScope": prefixed(
        "", "api_resource_owner_scope_unspecified", "platform", "organization", "identity_account"
    ),
    f"{RESOURCE}.ApiResourceKind": {
        "api_resource_kind_unknown": 0,
        "agent": 40,
        "agent_execution": 41,
        "session": 42,
        "skill": 43,
        "mcp_server": 44,
        "agent_instance": 45,
        "workflow": 50,
        "workflow_instance": 51,
        "workflow_execution": 52,
        "environment": 53,
        "execution_context": 54,
        "workflow_runner": 1050,
    },
    f"{AGENTIC}.workflow.v1.serverless.ValidationState": prefixed(
        "", "VALIDATION_STATE_UNSPECIFIED", "PENDING", "VALID", "INVALID", "FAILED"
    ),
    f"{AGENTIC}.workflowexecution.v1.ExecutionPhase": PHASES | {"EXECUTION_PAUSED": 7},
    f"{AGENTIC}.workflowexecution.v1.WorkflowTaskType": prefixed(
        "WORKFLOW_TASK_",
        *("TYPE_UNSPECIFIED", "AGENT_INVOCATION", "APPROVAL", "API_CALL", "CONDITIONAL", "PARALLEL", "TRANSFORM"),
        "CUSTOM",
    ),
    f"{AGENTIC}.workflowexecution.v1.WorkflowTaskStatus": prefixed(
        "WORKFLOW_TASK_", "STATUS_UNSPECIFIED", "PENDING", "IN_PROGRESS", "COMPLETED", "FAILED", "SKIPPED"
    ),
    f"{AGENTIC}.workflowexecution.v1.WorkflowUpdateType": prefixed(
        "",
        *("workflow_update_type_unspecified", "wf_update_status_changed", "task_started", "task_completed"),
        *("task_failed", "execution_completed", "execution_cancelled"),
    ),
    f"{AGENTIC}.agentexecution.v1.ExecutionPhase": PHASES,
    f"{AGENTIC}.agentexecution.v1.MessageType": prefixed(
        "MESSAGE_", "TYPE_UNSPECIFIED", "HUMAN", "AI", "TOOL", "SYSTEM"
    ),
    f"{AGENTIC}.workflowrunner.v1.WorkflowRunnerCapability": prefixed(
        "WORKFLOW_RUNNER_CAPABILITY_", "UNSPECIFIED", "ASYNC", "STREAM", "CANCEL", "PAUSE", "DURABLE"
    ),
    f"{AGENTIC}.workflowrunner.v1.WorkflowRunnerHealthState": prefixed(
        "WORKFLOW_RUNNER_HEALTH_STATE_", "UNSPECIFIED", "HEALTHY", "NOT_SERVING", "UNREACHABLE"
    ),
}

# Request and answer by the last part of their names; `~` marks a stream of answers.
SERVICES: dict[str, dict[str, str]] = {
    f"{AGENTIC}.workflowrunner.v1.WorkflowExecutionService": {
        "Execute": "WorkflowExecuteInput ~WorkflowProgressEvent",
        "ExecuteAsync": "WorkflowExecuteInput WorkflowExecuteResponse",
        "CancelExecution": "CancelExecutionRequest Empty",
        "PauseExecution": "PauseExecutionRequest Empty",
        "ResumeExecution": "ResumeExecutionRequest Empty",
    },
    f"{AGENTIC}.workflowrunner.v1.WorkflowProgressService": {
        "ReportProgress": "WorkflowProgressEvent ReportProgressResponse"
    },
    f"{AGENTIC}.workflowrunner.v1.WorkflowRunnerCommandController": {
        "Create": "WorkflowRunner WorkflowRunner",
        "Update": "WorkflowRunner WorkflowRunner",
        "Delete": "ApiResourceDeleteInput WorkflowRunner",
    },
    f"{AGENTIC}.workflowrunner.v1.WorkflowRunnerQueryController": {
        "Get": "WorkflowRunnerId WorkflowRunner",
        "List": "ListWorkflowRunnersRequest WorkflowRunnerList",
    },
    f"{AGENTIC}.workflow.v1.WorkflowCommandController": {
        "apply": "Workflow Workflow",
        "create": "Workflow Workflow",
        "update": "Workflow Workflow",
        "delete": "WorkflowId Workflow",
    },
    f"{AGENTIC}.workflow.v1.WorkflowQueryController": {
        "get": "WorkflowId Workflow",
        "getByReference": "ApiResourceReference Workflow",
    },
    f"{AGENTIC}.workflowexecution.v1.WorkflowExecutionCommandController": {
        "create": "WorkflowExecution WorkflowExecution",
        "update": "WorkflowExecution WorkflowExecution",
        "updateStatus": "WorkflowExecutionUpdateStatusInput WorkflowExecution",
        "delete": "ApiResourceId WorkflowExecution",
        "cancel": "CancelWorkflowExecutionRequest WorkflowExecution",
        "terminate": "TerminateWorkflowExecutionRequest WorkflowExecution",
        "pause": "PauseWorkflowExecutionRequest WorkflowExecution",
        "resume": "ResumeWorkflowExecutionRequest WorkflowExecution",
        "sendSignal": "SendSignalRequest WorkflowExecution",
    },
    f"{AGENTIC}.workflowexecution.v1.WorkflowExecutionQueryController": {
        "get": "WorkflowExecutionId WorkflowExecution",
        "list": "ListWorkflowExecutionsRequest WorkflowExecutionList",
        "listByWorkflow": "ListWorkflowExecutionsByWorkflowRequest WorkflowExecutionList",
        "subscribe": "SubscribeWorkflowExecutionRequest ~WorkflowExecution",
    },
    f"{AGENTIC}.workflowinstance.v1.WorkflowInstanceCommandController": {
        "apply": "WorkflowInstance WorkflowInstance",
        "create": "WorkflowInstance WorkflowInstance",
        "update": "WorkflowInstance WorkflowInstance",
        "delete": "ApiResourceDeleteInput WorkflowInstance",
    },
    f"{AGENTIC}.workflowinstance.v1.WorkflowInstanceQueryController": {
        "get": "WorkflowInstanceId WorkflowInstance",
        "getByWorkflow": "GetWorkflowInstancesByWorkflowRequest WorkflowInstanceList",
        "getByReference": "ApiResourceReference WorkflowInstance",
    },
    f"{AGENTIC}.environment.v1.EnvironmentCommandController": {
        "apply": "Environment Environment",
        "create": "Environment Environment",
        "update": "Environment Environment",
        "delete": "ApiResourceDeleteInput Environment",
    },
    f"{AGENTIC}.environment.v1.EnvironmentQueryController": {
        "get": "EnvironmentId Environment",
        "getByReference": "ApiResourceReference Environment",
    },
    f"{AGENTIC}.executioncontext.v1.ExecutionContextCommandController": {
        "apply": "ExecutionContext ExecutionContext",
        "create": "ExecutionContext ExecutionContext",
        "delete": "ApiResourceDeleteInput ExecutionContext",
    },
    f"{AGENTIC}.executioncontext.v1.ExecutionContextQueryController": {
        "get": "ExecutionContextId ExecutionContext",
        "getByReference": "ApiResourceReference ExecutionContext",
    },
    f"{AGENTIC}.agent.v1.AgentQueryController": {"getByReference": "ApiResourceReference Agent"},
    f"{AGENTIC}.agentexecution.v1.AgentExecutionCommandController": {
        "create": "AgentExecution AgentExecution",
        "cancel": "CancelAgentExecutionInput AgentExecution",
    },
    f"{AGENTIC}.agentexecution.v1.AgentExecutionQueryController": {
        "get": "AgentExecutionId AgentExecution",
        "subscribe": "AgentExecutionId ~AgentExecution",
    },
}


def attribute(packages: dict[str, ModuleType], name: str) -> object:
    package, _, local = name.rpartition(".")
    return getattr(packages[package], local)


@pytest.mark.parametrize("name", ENUMS)
def test_enums_have_the_values_that_peers_know(name: str) -> None:
    assert {value.name: value.number for value in pool.FindEnumTypeByName(name).values} == ENUMS[name]


@pytest.mark.parametrize("name", SERVICES)
def test_services_have_the_methods_that_peers_call(name: str) -> None:
    methods = {
        method.name: f"{method.input_type.name} {'~' if method.server_streaming else ''}{method.output_type.name}"
        for method in pool.FindServiceByName(name).methods
    }
    assert methods == SERVICES[name]


def test_no_service_and_no_enum_is_left_out_of_the_tables() -> None:
    modules = [module for module in pkgutil.walk_packages(stigmer_proto.__path__, "stigmer_proto.") if module.ispkg]
    packages = {module.name.removeprefix("stigmer_proto."): importlib.import_module(module.name) for module in modules}
    names = {f"{package}.{name}" for package, module in packages.items() for name in getattr(module, "__all__", ())}
    ours = {name for name in names if name.startswith("ai.")}
    assert {name.removesuffix("Base") for name in ours if name.endswith("Base")} == set(SERVICES)
    found = {name for name in ours if hasattr(attribute(packages, name), "from_string")}
    assert found == set(ENUMS)
