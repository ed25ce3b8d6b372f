"""A JSON Schema (draft 2020-12) made from the models of documents."""

from collections.abc import Iterable
from inspect import cleandoc

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models.call_task import ARGUMENTS
from stigmer_dsl.models.extension import Extension
from stigmer_dsl.models.metadata import DocumentMetadata, TaskMetadata
from stigmer_dsl.models.switch_task import SwitchCase
from stigmer_dsl.models.task import TASK_KINDS
from stigmer_dsl.models.workflow import Workflow
from stigmer_dsl.schema.notes import NOTES, TASK_NOTES
from stigmer_dsl.schema.rules import RULES

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TASK: JsonObject = {"$ref": "#/$defs/Task"}
_NULL: JsonObject = {"type": "null"}


def json_schema() -> JsonObject:
    """Return the schema of workflow documents.

    It accepts what the models accept, and is written for editors: descriptions at every property, list entries with
    one name, and for each task only the errors of its own kind. It cannot see what needs more than one place of a
    document (targets of `then`, references into `use`), nor into expressions.
    """
    models: list[type[BaseModel]] = [Workflow, *ARGUMENTS.values(), DocumentMetadata, TaskMetadata]
    _, generated = models_json_schema([(model, "validation") for model in models], by_alias=True)
    definitions: JsonObject = {name: _plain(schema) for name, schema in generated["$defs"].items()}
    definitions["Task"] = _task()
    definitions["NamedTask"] = _named("A task under its name.", _TASK)
    definitions["NamedCase"] = _named("A case under its name.", _reference(SwitchCase.__name__))
    definitions["NamedExtension"] = _named("An extension under its name.", _reference(Extension.__name__))
    for name, rule in RULES.items():
        definitions[name].setdefault("allOf", []).append(rule)
    definitions["CallTask"].setdefault("allOf", []).extend(_arguments())
    definitions["Document"]["properties"]["metadata"] = _reference(DocumentMetadata.__name__)
    for model in TASK_KINDS.values():
        definitions[model.__name__]["properties"]["metadata"] = _reference(TaskMetadata.__name__)
    _describe(definitions)
    root = definitions.pop("Workflow")
    # The loader passes these over: places for YAML anchors and for tools.
    root["properties"]["metadata"] = {"description": "Free information about the document."}
    root["patternProperties"] = {"^x-": {}}
    definitions["Document"]["properties"]["description"] = {
        "type": "string",
        "deprecated": True,
        "description": "Read as `summary`; write `summary`.",
    }
    return {"$schema": _DIALECT, "title": "Open Workflow DSL 1.0", **root, "$defs": dict(sorted(definitions.items()))}


def _plain(value: JsonValue, *, names: bool = False) -> JsonValue:
    """Drop generated titles and nulls (`null` is never a value of a property), and unite the unions of tasks.

    With `names` the keys of an object are names of properties, not keywords.
    """
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if names:
        return {key: _plain(item) for key, item in value.items()}
    if value.get("oneOf", [])[:1] == [_reference(TASK_KINDS["do"].__name__)]:
        return dict(_TASK)
    kept = {
        key: _plain(item, names=key == "properties")
        for key, item in value.items()
        if key != "title" and not (key == "default" and item is None)
    }
    options = [option for option in kept.get("anyOf", []) if option != _NULL]
    if "anyOf" in kept and len(options) == 1:
        kept = {**{key: item for key, item in kept.items() if key != "anyOf"}, **options[0]}
    return kept


def _task() -> JsonObject:
    """Any task: by the property that names the kind, so that errors are about that kind alone."""
    kinds = {
        name: {"description": cleandoc(model.__doc__ or "").partition("\n")[0]} for name, model in TASK_KINDS.items()
    }
    return {
        "description": "A task: one property says what it does.",
        "type": "object",
        "properties": kinds,
        "allOf": [
            *({"if": _is_kind(name), "then": _reference(model.__name__)} for name, model in TASK_KINDS.items()),
            {"anyOf": [{"required": [name]} for name in TASK_KINDS]},
        ],
    }


def _is_kind(name: str) -> JsonObject:
    # A `for` task also has a `do`.
    return {"required": ["do"], "not": {"required": ["for"]}} if name == "do" else {"required": [name]}


def _arguments() -> Iterable[JsonObject]:
    for call, model in ARGUMENTS.items():
        yield {
            "if": {"properties": {"call": {"const": call}}},
            "then": {"properties": {"with": _reference(model.__name__)}, "required": ["with"]},
        }


def _named(description: str, content: JsonObject) -> JsonObject:
    return {
        "description": description,
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": content,
    }


def _describe(definitions: JsonObject) -> None:
    tasks = {model.__name__ for model in TASK_KINDS.values()}
    for name, schema in definitions.items():
        notes = {**(TASK_NOTES if name in tasks else {}), **NOTES.get(name, {})}
        for property_name, note in notes.items():
            schema["properties"][property_name]["description"] = note


def _reference(name: str) -> JsonObject:
    return {"$ref": f"#/$defs/{name}"}
