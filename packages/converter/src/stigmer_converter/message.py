"""The JSON form of a `WorkflowSpec` message, and back."""

from stigmer_dsl.json_types import JsonObject
from stigmer_proto.ai.stigmer.agentic.environment.v1 import EnvironmentSpec, EnvironmentValue
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import (
    Export,
    FlowControl,
    WorkflowDocument,
    WorkflowSpec,
    WorkflowTask,
)
from stigmer_proto.ai.stigmer.commons.apiresource import WorkflowTaskKind
from stigmer_proto_json import StructError, json_from_struct, struct_from_json

from stigmer_converter.fields import Fields
from stigmer_converter.kinds.registry import kind_named
from stigmer_converter.paths import element, member
from stigmer_converter.problem import Findings


def spec_json(spec: WorkflowSpec, findings: Findings) -> JsonObject:
    """Return the specification with proto field names; fields that are unset are left out."""
    value: JsonObject = {"tasks": [_task_json(task, index, findings) for index, task in enumerate(spec.tasks)]}
    if spec.description:
        value["description"] = spec.description
    if spec.document is not None:
        value["document"] = {
            name: text
            for name in ("dsl", "namespace", "name", "version", "description")
            if (text := getattr(spec.document, name))
        }
    if spec.env_spec is not None:
        value["env_spec"] = {
            "description": spec.env_spec.description,
            "data": {
                name: {"value": entry.value, "is_secret": entry.is_secret, "description": entry.description}
                for name, entry in spec.env_spec.data.items()
            },
        }
    return value


def _task_json(task: WorkflowTask, index: int, findings: Findings) -> JsonObject:
    value: JsonObject = {"name": task.name, "kind": int(task.kind)}
    if task.task_config is not None:
        try:
            value["task_config"] = json_from_struct(task.task_config)
        except StructError as error:
            path = member(element("tasks", index), "task_config")
            findings.error("invalid-value", path, str(error))
            value["task_config"] = {}
    if task.export is not None:
        value["export"] = {"as": task.export.as_}
    if task.flow is not None:
        value["flow"] = {"then": task.flow.then}
    return value


def spec_message(value: JsonObject, findings: Findings) -> WorkflowSpec:
    """Return the message of a specification's JSON form; what its fields cannot hold is reported.

    The data inside `task_config` is taken as it is: `convert` looks into it.
    """
    spec = Fields(value, "", findings)
    message = WorkflowSpec(description=spec.text("description"))
    document = spec.message("document")
    if document is not None:
        message.document = WorkflowDocument(
            dsl=document.text("dsl"),
            namespace=document.text("namespace"),
            name=document.text("name"),
            version=document.text("version"),
            description=document.text("description"),
        )
        document.close()
    message.tasks = [_task_message(task) for task in spec.messages("tasks")]
    env_spec = spec.message("env_spec")
    if env_spec is not None:
        message.env_spec = _environment(env_spec)
    spec.close()
    return message


def _task_message(task: Fields) -> WorkflowTask:
    message = WorkflowTask(name=task.text("name"))
    kind = task.value("kind")
    found = kind_named(kind)
    if found is None and kind not in (None, 0, "WORKFLOW_TASK_KIND_UNSPECIFIED"):
        task.findings.error("unknown-kind", task.at("kind"), f"`{kind}` is no kind of task")
    message.kind = found or WorkflowTaskKind.UNSPECIFIED
    config = task.struct("task_config")
    if config is not None:
        try:
            message.task_config = struct_from_json(config)
        except StructError as error:
            task.findings.error("invalid-value", task.at("task_config"), str(error))
    export = task.message("export")
    if export is not None:
        message.export = Export(as_=export.text("as"))
        export.close()
    flow = task.message("flow")
    if flow is not None:
        message.flow = FlowControl(then=flow.text("then"))
        flow.close()
    task.close()
    return message


def _environment(env_spec: Fields) -> EnvironmentSpec:
    message = EnvironmentSpec(description=env_spec.text("description"))
    for name, value in (env_spec.struct("data") or {}).items():
        entry = Fields(value, member(env_spec.at("data"), name), env_spec.findings)
        message.data[name] = EnvironmentValue(
            value=entry.text("value"), is_secret=entry.boolean("is_secret"), description=entry.text("description")
        )
        entry.close()
    env_spec.close()
    return message
