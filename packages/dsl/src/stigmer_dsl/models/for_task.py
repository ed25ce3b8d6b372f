"""The `for` task: the same tasks for each item of a collection."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, Tag

from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.model import TEXT_OR_OBJECT, Maybe, Model
from stigmer_dsl.models.task_base import TaskBase
from stigmer_dsl.models.text import VariableName

if TYPE_CHECKING:
    from stigmer_dsl.models.task import TaskList

Collection = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[tuple[JsonValue, ...], Tag("<object>")],
    TEXT_OR_OBJECT,
]
"""A jq expression (bare or in `${ }`), or the items themselves."""


class ForDefinition(Model):
    """The collection, and the names of the variables that hold the item and its index."""

    each: VariableName = "item"
    in_: Collection = Field(alias="in")
    at: VariableName = "index"


class ForTask(TaskBase):
    """Iterations chain: each gets the output of the one before; `while` is tested before each."""

    for_: ForDefinition = Field(alias="for")
    while_: Maybe[str] = Field(default=None, alias="while")
    do: "TaskList"
