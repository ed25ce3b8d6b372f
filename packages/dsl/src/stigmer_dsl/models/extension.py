"""Extensions: tasks that run before or after the tasks of a kind."""

from typing import Any, Literal

from pydantic import model_serializer, model_validator

from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.model import Maybe, Model
from stigmer_dsl.models.named import named_item
from stigmer_dsl.models.task import TaskList


class Extension(Model):
    """What is extended, under which condition, and by which tasks."""

    extend: Literal["call", "composite", "emit", "for", "listen", "raise", "run", "set", "switch", "try", "wait", "all"]
    when: Maybe[str] = None
    before: Maybe[TaskList] = None
    after: Maybe[TaskList] = None


class NamedExtension(Model):
    """An extension and its name; a one-property object in documents."""

    name: str
    extension: Extension

    @model_validator(mode="before")
    @classmethod
    def _from_item(cls, value: JsonValue) -> JsonValue:
        return value if isinstance(value, NamedExtension) else named_item(value, "extension")

    @model_serializer
    def _to_item(self) -> dict[str, Any]:
        return {self.name: self.extension}
