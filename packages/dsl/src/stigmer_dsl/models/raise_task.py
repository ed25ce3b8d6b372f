"""The `raise` task: an error on purpose."""

from typing import Annotated

from pydantic import Field, Tag

from stigmer_dsl.model import TEXT_OR_OBJECT, Model
from stigmer_dsl.models.error import ErrorDefinition
from stigmer_dsl.models.task_base import TaskBase


class RaiseDefinition(Model):
    """The error in place, or the name of one in `use.errors`."""

    error: Annotated[Annotated[str, Tag("<text>")] | Annotated[ErrorDefinition, Tag("<object>")], TEXT_OR_OBJECT]


class RaiseTask(TaskBase):
    """Raises the error; the runtime sets `instance`."""

    raise_: RaiseDefinition = Field(alias="raise")
