"""The order of properties in canonical documents: that of the DSL's reference."""

from typing import Any

from pydantic import BaseModel

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.model_types import NAMED_ITEMS, element, is_model, is_union, member, plain, property_names, tagged
from stigmer_dsl.models.task import TASK_KINDS, kinds_in
from stigmer_dsl.models.task_base import TaskBase
from stigmer_dsl.models.workflow import Workflow

_BEFORE_KIND = ("if", "input")


def in_reference_order(document: JsonObject) -> JsonObject:
    """Return the document with the properties of the DSL in order.

    Tasks read in the order of evaluation: `if`, `input`, what the task does, `output`, `export`, `timeout`, `then`,
    `metadata`. Properties that the DSL does not have follow last, and data keeps its own order.
    """
    ordered: JsonObject = _ordered(document, Workflow)
    return ordered


def _ordered(value: JsonValue, annotation: Any) -> JsonValue:
    annotation = _branch(plain(annotation), value)
    if isinstance(value, (list, tuple)):
        return [_ordered(item, element(annotation)) for item in value]
    if not isinstance(value, dict):
        return value
    if not is_model(annotation):
        return {key: _ordered(item, element(annotation)) for key, item in value.items()}
    if annotation in NAMED_ITEMS:
        content = annotation.model_fields[NAMED_ITEMS[annotation]].annotation
        return {key: _ordered(item, content) for key, item in value.items()}
    known = [name for name in _names(annotation) if name in value]
    rest = [name for name in value if name not in known]
    return {name: _ordered(value[name], member(annotation, name, value)[1]) for name in (*known, *rest)}


def _branch(annotation: Any, value: JsonValue) -> Any:
    """Choose the branch of a union by the value, as validation does."""
    if not is_union(annotation):
        return annotation
    kinds = kinds_in(value) if isinstance(value, dict) else ()
    by_kind = tagged(annotation, f"<{kinds[0]}>") if len(kinds) == 1 else Any
    for tag in ("<object>", "<map>") if by_kind is Any and isinstance(value, dict) else ():
        by_kind = tagged(annotation, tag) if by_kind is Any else by_kind
    return plain(by_kind)


def _names(model: type[BaseModel]) -> tuple[str, ...]:
    names = property_names(model)
    if model not in TASK_KINDS.values():
        return names
    shared = property_names(TaskBase)
    own = tuple(name for name in names if name not in shared)
    return (*_BEFORE_KIND, *own, *(name for name in shared if name not in _BEFORE_KIND))
