"""What every task has, whatever it does."""

from pydantic import Field, ValidationInfo, field_validator

from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.model import Maybe, Model
from stigmer_dsl.models.data_flow import Export, Input, Output, TimeoutField
from stigmer_dsl.models.metadata import TaskMetadata


class TaskBase(Model):
    """Properties common to all tasks; a task kind adds its own."""

    if_: Maybe[str] = Field(default=None, alias="if")
    input: Maybe[Input] = None
    output: Maybe[Output] = None
    export: Maybe[Export] = None
    timeout: Maybe[TimeoutField] = None
    then: Maybe[str] = None
    metadata: Maybe[JsonObject] = None

    @field_validator("metadata")
    @classmethod
    def _metadata_fits(cls, value: JsonObject | None, info: ValidationInfo) -> JsonObject | None:
        # Kept as it is written: most of it belongs to others.
        if value is not None:
            TaskMetadata.model_validate(value, by_alias=True, by_name=False, context=info.context)
        return value
