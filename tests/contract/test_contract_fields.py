"""Names, numbers and types of the contract, written down a second time by hand.

Deployed peers depend on them. Whoever changes a proto must change this table too, on purpose.
"""

from __future__ import annotations

import importlib
import pkgutil

import pytest
import stigmer_proto
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from stigmer_proto.google_proto_descriptor_pool import default_google_proto_descriptor_pool as pool

for _module in pkgutil.walk_packages(stigmer_proto.__path__, "stigmer_proto."):
    importlib.import_module(_module.name)

AGENTIC = "ai.stigmer.agentic"
RESOURCE = "ai.stigmer.commons.apiresource"
SCALARS = {
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_UINT32: "uint32",
    FieldDescriptor.TYPE_FLOAT: "float",
}
HEAD = "1 string api_version, 2 string kind, 3 ApiResourceMetadata metadata, 4 {spec} spec, 5 {status} status"
ID = "1 string value"

# One line a message: number, type (the last part of its name), name. `x*` is repeated, `map<k,v>` a map.
MESSAGES: dict[str, dict[str, str]] = {
    f"{AGENTIC}.workflow.v1": {
        "Workflow": HEAD.format(spec="WorkflowSpec", status="WorkflowStatus"),
        "WorkflowSpec": (
            "1 string description, 2 WorkflowDocument document, 3 WorkflowTask* tasks, 4 EnvironmentSpec env_spec"
        ),
        "WorkflowDocument": "1 string dsl, 2 string namespace, 3 string name, 4 string version, 5 string description",
        "WorkflowTask": (
            "1 string name, 2 WorkflowTaskKind kind, 3 Struct task_config, 4 Export export, 5 FlowControl flow"
        ),
        "Export": "1 string as",
        "FlowControl": "1 string then",
        "WorkflowStatus": (
            "1 string default_instance_id, 2 ServerlessWorkflowValidation serverless_workflow_validation, "
            "99 ApiResourceAudit audit"
        ),
        "WorkflowId": ID,
    },
    f"{AGENTIC}.workflow.v1.serverless": {
        "ServerlessWorkflowValidation": (
            "1 ValidationState state, 2 string yaml, 3 string* errors, 4 string* warnings, 5 Timestamp validated_at, "
            "6 string validation_workflow_id"
        ),
    },
    f"{AGENTIC}.workflow.v1.tasks": {
        "SetTaskConfig": "1 map<string,string> variables",
        "HttpCallTaskConfig": (
            "1 string method, 2 HttpEndpoint endpoint, 3 map<string,string> headers, "
            "4 Struct body, 5 int32 timeout_seconds"
        ),
        "HttpEndpoint": "1 string uri",
        "GrpcCallTaskConfig": "1 string service, 2 string method, 3 Struct request",
        "CallActivityTaskConfig": "1 string activity, 2 Struct input",
        "SwitchTaskConfig": "1 SwitchCase* cases",
        "SwitchCase": "1 string name, 2 string when, 3 string then",
        "ForTaskConfig": "1 string each, 2 string in, 3 WorkflowTask* do",
        "ForkTaskConfig": "1 ForkBranch* branches, 2 bool compete",
        "ForkBranch": "1 string name, 2 WorkflowTask* do",
        "TryTaskConfig": "1 WorkflowTask* try, 2 CatchBlock catch",
        "CatchBlock": "1 string as, 2 WorkflowTask* do",
        "ListenTaskConfig": "1 ListenTo to",
        "ListenTo": "1 string mode, 2 SignalSpec* signals",
        "SignalSpec": "1 string id, 2 string type",
        "WaitTaskConfig": "1 int32 seconds",
        "WaitDuration": "1 uint32 days, 2 uint32 hours, 3 uint32 minutes, 4 uint32 seconds, 5 uint32 milliseconds",
        "RaiseTaskConfig": "1 string error, 2 string message",
        "RunTaskConfig": "1 string workflow, 2 Struct input",
        "AgentCallTaskConfig": (
            "1 string agent, 2 ApiResourceOwnerScope scope, 3 string message, 4 map<string,string> env, "
            "5 AgentExecutionConfig config"
        ),
        "AgentExecutionConfig": "1 string model, 2 int32 timeout, 3 float temperature",
    },
    f"{AGENTIC}.workflowrunner.v1": {
        "WorkflowExecuteInput": (
            "1 string workflow_execution_id, 2 string workflow_yaml, 3 map<string,string> env_vars, "
            "4 WorkflowMetadata metadata, 5 Struct workflow_input, 6 WorkflowExecutionConfig config"
        ),
        "WorkflowMetadata": "1 string name, 2 string version, 3 string namespace, 4 string description",
        "WorkflowExecutionConfig": "1 int32 max_timeout_seconds, 2 bool debug_enabled",
        "WorkflowExecuteResponse": (
            "1 string workflow_execution_id, 2 string status, 3 string message, 4 string temporal_workflow_id, "
            "5 string subscribe_url, 6 string status_url"
        ),
        "CancelExecutionRequest": "1 string execution_id, 2 string reason, 3 bool force",
        "PauseExecutionRequest": "1 string execution_id, 2 string reason",
        "ResumeExecutionRequest": "1 string execution_id, 2 string reason",
        "WorkflowProgressEvent": (
            "1 string workflow_execution_id, 2 string event_type, 3 string workflow_name, 4 string task_name, "
            "5 string status, 6 string message, 7 int64 timestamp_ms, 8 Struct payload, 9 ErrorDetails error, "
            "10 int64 sequence_number, 11 int32 task_progress, 12 string task_reference, 13 int32 attempt"
        ),
        "ErrorDetails": (
            "1 string code, 2 string message, 3 string stack_trace, 4 string type, 5 int32 status, 6 string instance"
        ),
        "ReportProgressResponse": "1 bool success",
        "ValidationProblems": "1 ValidationProblem* problems",
        "ValidationProblem": (
            "1 string code, 2 string message, 3 string pointer, 4 int32 line, 5 int32 column, 6 string source, "
            "7 string severity, 8 string hint"
        ),
        "WorkflowRunner": HEAD.format(spec="WorkflowRunnerSpec", status="WorkflowRunnerStatus"),
        "WorkflowRunnerSpec": (
            "1 string type, 2 string endpoint, 3 WorkflowRunnerCapability* capabilities, 4 string description"
        ),
        "WorkflowRunnerStatus": "1 WorkflowRunnerHealth health, 99 ApiResourceAudit audit",
        "WorkflowRunnerHealth": "1 WorkflowRunnerHealthState state, 2 string message, 3 Timestamp checked_at",
        "WorkflowRunnerId": ID,
        "ListWorkflowRunnersRequest": "1 string type, 2 PageInfo page_info",
        "WorkflowRunnerList": "1 int32 total_pages, 2 WorkflowRunner* entries",
    },
    f"{AGENTIC}.workflowexecution.v1": {
        "WorkflowExecution": HEAD.format(spec="WorkflowExecutionSpec", status="WorkflowExecutionStatus"),
        "WorkflowExecutionSpec": (
            "1 string workflow_instance_id, 3 string trigger_message, 4 map<string,string> trigger_metadata, "
            "5 map<string,ExecutionValue> runtime_env, 6 string workflow_id, 7 bytes callback_token"
        ),
        "WorkflowExecutionStatus": (
            "1 ExecutionPhase phase, 2 WorkflowTask* tasks, 3 Struct output, 4 string error, 5 string started_at, "
            "6 string completed_at, 7 string temporal_workflow_id, 99 ApiResourceAudit audit"
        ),
        "WorkflowTask": (
            "1 string task_id, 2 string task_name, 3 WorkflowTaskType task_type, 4 Struct input, 5 Struct output, "
            "6 WorkflowTaskStatus status, 7 string started_at, 8 string completed_at, "
            "9 string error, 10 Struct metadata"
        ),
        "WorkflowExecutionId": ID,
        "WorkflowId": ID,
        "WorkflowExecutionList": "1 int32 total_pages, 2 WorkflowExecution* entries",
        "ListWorkflowExecutionsRequest": (
            "1 int32 page_size, 2 string page_token, 3 ExecutionPhase phase, 4 string* tags"
        ),
        "ListWorkflowExecutionsByWorkflowRequest": "1 string workflow_id, 2 int32 page_size, 3 string page_token",
        "SubscribeWorkflowExecutionRequest": "1 string execution_id",
        "WorkflowExecutionUpdate": (
            "1 WorkflowUpdateType update_type, 2 WorkflowExecution execution, 3 WorkflowTask task"
        ),
        "WorkflowExecutionUpdateStatusInput": "1 string execution_id, 2 WorkflowExecutionStatus status",
        "SendSignalRequest": (
            "1 string execution_id, 2 string signal_name, 3 Struct payload, 4 string idempotency_key"
        ),
        "CancelWorkflowExecutionRequest": "1 string id, 2 string reason",
        "TerminateWorkflowExecutionRequest": "1 string id, 2 string reason",
        "PauseWorkflowExecutionRequest": "1 string id, 2 string reason",
        "ResumeWorkflowExecutionRequest": "1 string id",
    },
    f"{AGENTIC}.workflowinstance.v1": {
        "WorkflowInstance": HEAD.format(spec="WorkflowInstanceSpec", status="ApiResourceAuditStatus"),
        "WorkflowInstanceSpec": "1 string workflow_id, 2 string description, 3 ApiResourceReference* env_refs",
        "WorkflowInstanceId": ID,
        "GetWorkflowInstancesByWorkflowRequest": "1 string workflow_id, 2 PageInfo page_info",
        "WorkflowInstanceList": "1 int32 total_pages, 2 WorkflowInstance* entries",
    },
    f"{AGENTIC}.environment.v1": {
        "Environment": HEAD.format(spec="EnvironmentSpec", status="ApiResourceAuditStatus"),
        "EnvironmentSpec": "1 string description, 2 map<string,EnvironmentValue> data",
        "EnvironmentValue": "1 string value, 2 bool is_secret, 3 string description",
        "EnvironmentId": ID,
    },
    f"{AGENTIC}.executioncontext.v1": {
        "ExecutionContext": HEAD.format(spec="ExecutionContextSpec", status="ApiResourceAuditStatus"),
        "ExecutionContextSpec": "1 string execution_id, 2 map<string,ExecutionValue> data",
        "ExecutionValue": "1 string value, 2 bool is_secret",
        "ExecutionContextId": ID,
    },
    f"{AGENTIC}.agent.v1": {"Agent": "1 string api_version, 2 string kind, 3 ApiResourceMetadata metadata"},
    f"{AGENTIC}.agentexecution.v1": {
        "AgentExecution": HEAD.format(spec="AgentExecutionSpec", status="AgentExecutionStatus"),
        "AgentExecutionSpec": (
            "1 string session_id, 2 string agent_id, 3 string message, 4 ExecutionConfig execution_config, "
            "5 map<string,ExecutionValue> runtime_env, 6 bytes callback_token"
        ),
        "ExecutionConfig": "1 string model_name",
        "AgentExecutionStatus": (
            "1 AgentMessage* messages, 2 ExecutionPhase phase, 6 string error, 7 string started_at, "
            "8 string completed_at, 10 bytes callback_token, 99 ApiResourceAudit audit"
        ),
        "AgentMessage": "1 MessageType type, 2 string content, 3 string timestamp",
        "AgentExecutionId": ID,
        "CancelAgentExecutionInput": "1 string id, 2 string reason",
    },
    RESOURCE: {
        "ApiResourceMetadata": (
            "1 string name, 2 string slug, 3 string id, 4 string org, 5 ApiResourceOwnerScope owner_scope, "
            "6 map<string,string> labels, 7 map<string,string> annotations, 8 string* tags, "
            "9 ApiResourceMetadataVersion version"
        ),
        "ApiResourceMetadataVersion": "1 string id, 2 string message, 3 string previous_version_id",
        "ApiResourceReference": (
            "1 ApiResourceOwnerScope scope, 2 string org, 3 ApiResourceKind kind, 4 string slug, 5 string version"
        ),
        "ApiResourceId": ID,
        "ApiResourceDeleteInput": "1 string resource_id, 2 string version_message, 3 bool force",
        "ApiResourceAuditStatus": "99 ApiResourceAudit audit",
        "ApiResourceAudit": "1 ApiResourceAuditInfo spec_audit, 2 ApiResourceAuditInfo status_audit",
        "ApiResourceAuditInfo": (
            "1 ApiResourceAuditActor created_by, 2 Timestamp created_at, 3 ApiResourceAuditActor updated_by, "
            "4 Timestamp updated_at, 5 string event"
        ),
        "ApiResourceAuditActor": "1 string id, 2 string avatar",
    },
    "ai.stigmer.commons.rpc": {"PageInfo": "1 int32 num, 2 int32 size"},
    "google.rpc": {"Status": "1 int32 code, 2 string message, 3 Any* details"},
}


def kind_of(field: FieldDescriptor) -> str:
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        key, value = message.fields
        return f"map<{kind_of(key)},{kind_of(value)}>"
    base = message.name if message else field.enum_type.name if field.enum_type else SCALARS[field.type]
    return f"{base}*" if field.is_repeated else base


def line(descriptor: Descriptor) -> str:
    fields = sorted(descriptor.fields, key=lambda field: field.number)
    return ", ".join(f"{field.number} {kind_of(field)} {field.name}" for field in fields)


@pytest.mark.parametrize("package", MESSAGES)
def test_messages_have_the_fields_that_peers_know(package: str) -> None:
    module = importlib.import_module(f"stigmer_proto.{package}")
    messages = {name for name in module.__all__ if hasattr(getattr(module, name), "parse")}
    actual = {name: line(pool.FindMessageTypeByName(f"{package}.{name}")) for name in messages}
    assert actual == MESSAGES[package]


def test_no_message_is_left_out_of_the_table() -> None:
    modules = [module for module in pkgutil.walk_packages(stigmer_proto.__path__, "stigmer_proto.") if module.ispkg]
    packages = {
        module.name.removeprefix("stigmer_proto.")
        for module in modules
        if getattr(importlib.import_module(module.name), "__all__", ())
    }
    assert packages - {"google.protobuf"} == set(MESSAGES)
