"""The `emit` task: publishes a CloudEvent."""

from typing import Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from stigmer_dsl.model import Model, OpenModel
from stigmer_dsl.models.event import EventProperties
from stigmer_dsl.models.task_base import TaskBase


class EmitEvent(OpenModel):
    """The event's attributes; `type` is required, the runtime fills in the others."""

    with_: EventProperties = Field(alias="with")

    @model_validator(mode="after")
    def _has_type(self) -> Self:
        if self.with_.type is None:
            raise PydanticCustomError(
                "missing-property", "`type` is required under `with`", {"hint": "Name the event's type under `with`."}
            )
        return self


class EmitDefinition(Model):
    """The event to publish."""

    event: EmitEvent


class EmitTask(TaskBase):
    """Its output is the event."""

    emit: EmitDefinition
