"""The `set` task: data from literals and expressions."""

from typing import Annotated

from pydantic import AfterValidator, Tag
from pydantic_core import PydanticCustomError

from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.model import TEXT_OR_OBJECT
from stigmer_dsl.models.task_base import TaskBase


def _not_empty(value: JsonObject) -> JsonObject:
    if value:
        return value
    raise PydanticCustomError(
        "empty-collection", "`set` needs at least one property", {"hint": "Write for example `set: {status: new}`."}
    )


class SetTask(TaskBase):
    """Its output is the evaluated value; nothing is merged."""

    set: Annotated[
        Annotated[str, Tag("<text>")] | Annotated[JsonObject, AfterValidator(_not_empty), Tag("<object>")],
        TEXT_OR_OBJECT,
    ]
