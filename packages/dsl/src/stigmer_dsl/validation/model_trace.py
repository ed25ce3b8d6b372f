"""Follows the location of a pydantic error through models and document side by side."""

from collections.abc import Iterable
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Tag

from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.models.call_task import PROTOCOLS, CallTask
from stigmer_dsl.models.extension import NamedExtension
from stigmer_dsl.models.switch_task import NamedCase
from stigmer_dsl.models.task import NamedTask
from stigmer_dsl.models.workflow import Workflow
from stigmer_dsl.syntax.tree import join_pointer

_NAMED: dict[type[BaseModel], str] = {NamedTask: "task", NamedCase: "case", NamedExtension: "extension"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Where an error is: the JSON pointer, the last token, the value there (None when absent).

    `known` are the property names of the object around it, `words` the fixed words allowed at the place itself.
    """

    pointer: str
    last: str
    value: JsonValue
    known: tuple[str, ...]
    words: tuple[str, ...]
    text_or_object: bool


def trace(location: Iterable[int | str], raw: JsonValue) -> Trace:
    """Translate a location of `Workflow` validation: union tags vanish, list entries get their own names."""
    annotation: Any = Workflow
    owner: type[BaseModel] = Workflow
    pointer, value, last, text_or_object = "", raw, "", False
    for token in location:
        annotation = _plain(annotation)
        if isinstance(token, str) and token.startswith("<") and token.endswith(">") and _is_union(annotation):
            text_or_object = token == "<object>"
            annotation = _tagged(annotation, token)
            continue
        text_or_object = False
        if _is_model(annotation):
            owner = annotation
            token, annotation = _member(annotation, token, value)
        else:
            annotation = _element(annotation)
        pointer, last = join_pointer(pointer, token), str(token)
        value = _step(value, token)
    return Trace(
        pointer=pointer,
        last=last,
        value=value,
        known=_names(owner),
        words=tuple(str(word) for word in get_args(_plain(annotation)) if get_origin(_plain(annotation)) is Literal),
        text_or_object=text_or_object,
    )


def _member(model: type[BaseModel], token: int | str, value: JsonValue) -> tuple[int | str, Any]:
    """Return the document's token for a model's field, and the annotation of the field."""
    if model in _NAMED and token == _NAMED[model] and isinstance(value, dict) and len(value) == 1:
        return next(iter(value)), model.model_fields[str(token)].annotation
    if model is CallTask and token == "with" and isinstance(value, dict):
        return token, PROTOCOLS.get(str(value.get("call")), dict[str, Any])
    for name, field in model.model_fields.items():
        if token in (field.alias, name):
            return field.alias or name, field.annotation
    return token, Any


def _names(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _plain(annotation: Any) -> Any:
    """Strip `Annotated` and `None`, which leave no token in a location."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif _is_union(annotation):
            members = [member for member in get_args(annotation) if member is not type(None)]
            if len(members) > 1:
                return annotation
            annotation = members[0]
        else:
            return annotation


def _tagged(annotation: Any, tag: str) -> Any:
    for member in get_args(annotation):
        metadata = getattr(member, "__metadata__", ())
        if any(isinstance(item, Tag) and item.tag == tag for item in metadata):
            return member
    return Any


def _element(annotation: Any) -> Any:
    """Return the type of the elements of a `tuple[X, ...]` or of the values of a `dict[str, X]`."""
    arguments = get_args(annotation)
    if get_origin(annotation) is tuple and arguments:
        return arguments[0]
    return arguments[1] if get_origin(annotation) is dict and len(arguments) == 2 else Any


def _step(value: JsonValue, token: int | str) -> JsonValue:
    if isinstance(value, dict):
        return value.get(token) if isinstance(token, str) else None
    if isinstance(value, list) and isinstance(token, int) and token < len(value):
        return value[token]
    return None


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, UnionType)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
