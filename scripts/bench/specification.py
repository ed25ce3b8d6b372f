"""A large WorkflowSpec, and its conversion as one would write it by hand for just the kinds it uses."""

import json
from typing import Any

from stigmer_dsl import JsonObject, JsonValue
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import WorkflowSpec, WorkflowTask
from stigmer_proto.ai.stigmer.commons.apiresource import WorkflowTaskKind
from stigmer_proto.google.protobuf import Struct, Value


def specification(tasks: int, first: int = 0) -> str:
    """A specification in JSON: by turns `set`, call, `switch` and loop, each with expressions of its own.

    Another `first` number gives a text that shares no expression with this one.
    """
    return json.dumps(
        {
            "document": {"dsl": "1.0.0", "namespace": "bench", "name": "large", "version": "1.0.0"},
            "tasks": [_task(number) for number in range(first, first + tasks)],
        }
    )


def _task(number: int) -> JsonObject:
    name = f"task{number}"
    value = f"${{ .value + {number} }}"
    match number % 4:
        case 0:
            return _named(name, "SET", {"variables": {"name": name, "value": value}})
        case 1:
            endpoint: JsonObject = {"uri": f"https://example.org/items/{number}"}
            call: JsonObject = {"method": "GET", "endpoint": endpoint, "headers": {"X-Number": value}}
            return _named(name, "HTTP_CALL", call)
        case 2:
            cases: list[JsonValue] = [{"name": "large", "when": f"${{ .value > {number} }}", "then": "end"}]
            return _named(name, "SWITCH", {"cases": cases})
        case _:
            inner = _named(f"inner{number}", "SET", {"variables": {"value": value}})
            return _named(name, "FOR", {"each": "item", "in": f"${{ [{number}] }}", "do": [inner]})


def _named(name: str, kind: str, config: JsonObject) -> JsonObject:
    return {"name": name, "kind": f"WORKFLOW_TASK_KIND_{kind}", "taskConfig": config}


def document_by_hand(spec: WorkflowSpec) -> JsonObject:
    """The document of a specification made by `specification`; checks nothing."""
    header = spec.document
    assert header is not None
    return {
        "document": {
            "dsl": header.dsl,
            "namespace": header.namespace,
            "name": header.name,
            "version": header.version,
        },
        "do": [_convert(task) for task in spec.tasks],
    }


def _convert(task: WorkflowTask) -> JsonObject:
    assert task.task_config is not None
    config = _object(task.task_config)
    match task.kind:
        case WorkflowTaskKind.SET:
            return {task.name: {"set": config["variables"]}}
        case WorkflowTaskKind.HTTP_CALL:
            return {task.name: {"call": "http", "with": config, "timeout": {"after": {"seconds": 30}}}}
        case WorkflowTaskKind.SWITCH:
            cases = [{case["name"]: {"when": case["when"], "then": case["then"]}} for case in config["cases"]]
            return {task.name: {"switch": cases}}
        case _:
            inner = [{task["name"]: {"set": task["taskConfig"]["variables"]}} for task in config["do"]]
            return {task.name: {"for": {"each": config["each"], "in": config["in"]}, "do": inner}}


def _object(struct: Struct) -> dict[str, Any]:
    return {name: _value(value) for name, value in struct.fields.items()}


def _value(value: Value) -> JsonValue:
    if value.string_value is not None:
        return value.string_value
    if value.struct_value is not None:
        return _object(value.struct_value)
    if value.list_value is not None:
        return [_value(item) for item in value.list_value.values]
    return value.number_value if value.number_value is not None else value.bool_value
