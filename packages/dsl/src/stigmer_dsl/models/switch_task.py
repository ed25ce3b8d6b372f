"""The `switch` task: the first case whose condition holds says where to go."""

from typing import Annotated, Any

from pydantic import Field, model_serializer, model_validator

from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.model import Maybe, Model
from stigmer_dsl.models.named import named_item
from stigmer_dsl.models.task_base import TaskBase


class SwitchCase(Model):
    """A condition (none for the default case) and the flow directive to follow when it holds."""

    when: Maybe[str] = None
    then: str


class NamedCase(Model):
    """One case and its name; a one-property object in documents."""

    name: str
    case: SwitchCase

    @model_validator(mode="before")
    @classmethod
    def _from_item(cls, value: JsonValue) -> JsonValue:
        return value if isinstance(value, NamedCase) else named_item(value, "case")

    @model_serializer
    def _to_item(self) -> dict[str, Any]:
        return {self.name: self.case}


class SwitchTask(TaskBase):
    """Cases in the order in which they are tried; at most one has no `when`."""

    switch: Annotated[tuple[NamedCase, ...], Field(min_length=1)]
