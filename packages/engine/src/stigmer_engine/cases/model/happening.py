"""What happens to a run from outside: events that arrive, and people who pause, resume or cancel."""

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.model import Maybe, Model, one_of

from stigmer_engine.cases.model.fixed_duration import FixedDuration


class Happening(Model):
    """An event or a control, at a virtual time from the start, or at a task's start or end.

    Attributes:
        at: time from the start of the run.
        starts, ends: name or reference of a task; its first start (or end, however it ended) is the moment.
        event: a CloudEvent to deliver; `id`, `source`, `time` and `specversion` are filled in when missing.
        do: what somebody does with the execution.
    """

    at: Maybe[FixedDuration] = None
    starts: Maybe[str] = None
    ends: Maybe[str] = None
    event: Maybe[JsonObject] = None
    do: Maybe[Literal["pause", "resume", "cancel"]] = Field(default=None)

    @model_validator(mode="after")
    def _one_moment_and_one_thing(self) -> Self:
        one_of(self, "at", "starts", "ends")
        one_of(self, "event", "do")
        if self.event is not None and not isinstance(self.event.get("type"), str):
            raise PydanticCustomError(
                "missing-property", "An event needs a `type`", {"hint": "Name the event's type under `event`."}
            )
        return self
