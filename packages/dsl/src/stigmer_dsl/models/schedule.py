"""When a workflow starts by itself."""

from typing import Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from stigmer_dsl.model import Maybe, Model
from stigmer_dsl.models.duration_field import DurationField
from stigmer_dsl.models.event import EventConsumption, ReadMode


class Schedule(Model):
    """Interval, cron expression, delay after completion, or events."""

    every: Maybe[DurationField] = None
    cron: Maybe[str] = None
    after: Maybe[DurationField] = None
    on: Maybe[EventConsumption] = None
    read: Maybe[ReadMode] = Field(default=None)

    @model_validator(mode="after")
    def _read_needs_on(self) -> Self:
        if self.read is not None and self.on is None:
            raise PydanticCustomError(
                "conflicting-properties",
                "`read` goes with `on` only",
                {"hint": "Remove `read`, or add the events under `on`."},
            )
        return self
