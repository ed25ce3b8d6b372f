"""Follows the location of a pydantic error through models and document side by side."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from stigmer_dsl.duration import Duration
from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.model_types import element, is_model, is_union, member, plain, property_names, tagged
from stigmer_dsl.models.workflow import Workflow
from stigmer_dsl.syntax.tree import join_pointer


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Where an error is: the JSON pointer and its parent, the last token, the value there (None when absent).

    `known` are the property names of the object around it, `words` the fixed words allowed at the place itself.
    `text_or_object` (or list): text is allowed there too; `duration`: the object is one.
    """

    pointer: str
    parent: str
    last: str
    value: JsonValue
    known: tuple[str, ...]
    words: tuple[str, ...]
    text_or_object: bool
    duration: bool


def trace(location: Iterable[int | str], raw: JsonValue, root: type[BaseModel] = Workflow) -> Trace:
    """Translate a location of the root's validation: union tags vanish, list entries get their own names."""
    annotation: Any = root
    owner: type[BaseModel] = root
    parent, pointer, value, last, text_or_object, duration = "", "", raw, "", False, False
    for step in location:
        annotation = plain(annotation)
        if isinstance(step, str) and step.startswith("<") and step.endswith(">") and is_union(annotation):
            text_or_object = step == "<object>"
            duration = plain(tagged(annotation, "<object>")) is Duration
            annotation = tagged(annotation, step)
            continue
        text_or_object, duration = False, False
        if is_model(annotation):
            owner = annotation
            name, annotation = member(annotation, step, value)
        else:
            name, annotation = step, element(annotation)
        parent, pointer, last = pointer, join_pointer(pointer, name), str(name)
        value = _step(value, name)
    return Trace(
        pointer=pointer,
        parent=parent,
        last=last,
        value=value,
        known=property_names(owner),
        words=tuple(str(word) for word in get_args(plain(annotation)) if get_origin(plain(annotation)) is Literal),
        text_or_object=text_or_object,
        duration=duration,
    )


def _step(value: JsonValue, name: int | str) -> JsonValue:
    if isinstance(value, dict):
        return value.get(name) if isinstance(name, str) else None
    if isinstance(value, list) and isinstance(name, int) and name < len(value):
        return value[name]
    return None
