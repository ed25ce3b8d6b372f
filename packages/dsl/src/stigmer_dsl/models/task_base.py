"""What every task has, whatever it does."""

from pydantic import Field

from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.model import Model
from stigmer_dsl.models.data_flow import Export, Input, Output, TimeoutField


class TaskBase(Model):
    """Properties common to all tasks; a task kind adds its own."""

    if_: str | None = Field(default=None, alias="if")
    input: Input | None = None
    output: Output | None = None
    export: Export | None = None
    timeout: TimeoutField | None = None
    then: str | None = None
    metadata: JsonObject | None = None
