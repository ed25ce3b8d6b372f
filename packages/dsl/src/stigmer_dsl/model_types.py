"""Walking the types of the models: from a model and a property to the type of the value there."""

from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag

from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.models.call_task import ARGUMENTS, CallTask
from stigmer_dsl.models.document import Document
from stigmer_dsl.models.extension import NamedExtension
from stigmer_dsl.models.metadata import DocumentMetadata, TaskMetadata
from stigmer_dsl.models.switch_task import NamedCase
from stigmer_dsl.models.task import NamedTask
from stigmer_dsl.models.task_base import TaskBase

NAMED_ITEMS: dict[type[BaseModel], str] = {NamedTask: "task", NamedCase: "case", NamedExtension: "extension"}
"""Models that are one-property objects in documents, and the field that holds the property's value."""


def plain(annotation: Any) -> Any:
    """Strip `Annotated` and `None`."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif is_union(annotation):
            members = [member for member in get_args(annotation) if member is not type(None)]
            if len(members) > 1:
                return annotation
            annotation = members[0]
        else:
            return annotation


def member(model: type[BaseModel], step: int | str, value: JsonValue) -> tuple[int | str, Any]:
    """Return the document's name for a model's field (`step` is its name or alias), and the type of the field.

    `value` is the object in the document; it decides the names of list entries and the type of call arguments.
    """
    if model in NAMED_ITEMS and step == NAMED_ITEMS[model] and isinstance(value, dict) and len(value) == 1:
        return next(iter(value)), model.model_fields[str(step)].annotation
    if model is CallTask and step == "with" and isinstance(value, dict):
        return step, ARGUMENTS.get(str(value.get("call")), dict[str, Any])
    if step == "metadata" and issubclass(model, TaskBase | Document):
        return step, DocumentMetadata if model is Document else TaskMetadata
    for name, field in model.model_fields.items():
        if step in (field.alias, name):
            return field.alias or name, field.annotation
    return step, Any


def tagged(annotation: Any, tag: str) -> Any:
    """Return the branch of a union that carries the tag."""
    for branch in get_args(annotation):
        metadata = getattr(branch, "__metadata__", ())
        if any(isinstance(item, Tag) and item.tag == tag for item in metadata):
            return branch
    return Any


def element(annotation: Any) -> Any:
    """Return the type of the elements of a `tuple[X, ...]` or of the values of a `dict[str, X]`."""
    arguments = get_args(annotation)
    if get_origin(annotation) is tuple and arguments:
        return arguments[0]
    return arguments[1] if get_origin(annotation) is dict and len(arguments) == 2 else Any


def property_names(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the names that documents use for the model's fields, in the order of the model."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def is_union(annotation: Any) -> bool:
    """Tell whether a type is a union."""
    return get_origin(annotation) in (Union, UnionType)


def is_model(annotation: Any) -> bool:
    """Tell whether a type is a model class."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
