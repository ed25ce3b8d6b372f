"""What every task has, whatever it does."""

from pydantic import Field

from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.model import Maybe, Model
from stigmer_dsl.models.data_flow import Export, Input, Output, TimeoutField


class TaskBase(Model):
    """Properties common to all tasks; a task kind adds its own."""

    if_: Maybe[str] = Field(default=None, alias="if")
    input: Maybe[Input] = None
    output: Maybe[Output] = None
    export: Maybe[Export] = None
    timeout: Maybe[TimeoutField] = None
    then: Maybe[str] = None
    metadata: Maybe[JsonObject] = None
