"""CloudEvents: what is emitted, what is waited for, and how consumed events are gone through."""

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.model import TEXT_OR_OBJECT, Maybe, Model, OpenModel, one_of
from stigmer_dsl.models.data_flow import Export, Output
from stigmer_dsl.models.text import UriText, VariableName

if TYPE_CHECKING:
    from stigmer_dsl.models.task import TaskList

ReadMode = Literal["data", "envelope", "raw"]


class EventProperties(OpenModel):
    """CloudEvents attributes; extension attributes are kept as they are."""

    id: Maybe[str] = None
    source: Maybe[UriText] = None
    type: Maybe[str] = None
    time: Maybe[str] = None
    subject: Maybe[str] = None
    datacontenttype: Maybe[str] = None
    dataschema: Maybe[UriText] = None
    data: JsonValue = None


class Correlation(Model):
    """Links events to a value: `from` reads it from the event, `expect` is what it must be."""

    from_: str = Field(alias="from")
    expect: Maybe[str] = None


class EventFilter(Model):
    """Selects events by their attributes and by correlation."""

    with_: EventProperties = Field(alias="with")
    correlate: Maybe[dict[str, Correlation]] = None

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.with_.model_fields_set:
            raise PydanticCustomError(
                "missing-property",
                "An event filter needs at least one attribute under `with`",
                {"hint": "Write for example `with: {type: com.example.order.placed}`; for every event use `any: []`."},
            )
        return self


class EventConsumption(Model):
    """Which events to wait for: exactly one of `one`, `any`, `all`; `until` goes with `any` only."""

    one: Maybe[EventFilter] = None
    any: Maybe[tuple[EventFilter, ...]] = None
    all: Maybe[tuple[EventFilter, ...]] = None
    until: Maybe[
        Annotated[
            Annotated[str, Tag("<text>")] | Annotated["EventConsumption", Tag("<object>")],
            TEXT_OR_OBJECT,
        ]
    ] = None

    @model_validator(mode="after")
    def _one_strategy(self) -> Self:
        one_of(self, "one", "any", "all")
        if self.until is not None and self.any is None:
            raise PydanticCustomError(
                "conflicting-properties", "`until` goes with `any` only", {"hint": "Use `any`, or remove `until`."}
            )
        if isinstance(self.until, EventConsumption) and self.until.until is not None:
            raise PydanticCustomError(
                "conflicting-properties", "The strategy under `until` has no `until` of its own", {}
            )
        return self


class SubscriptionIterator(Model):
    """What is done with each consumed event or message, one at a time, in order."""

    item: VariableName = "item"
    at: VariableName = "index"
    do: "Maybe[TaskList]" = None
    output: Maybe[Output] = None
    export: Maybe[Export] = None
