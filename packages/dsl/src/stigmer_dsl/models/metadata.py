"""What of `metadata` has a meaning to runtimes; everything else in it stays free."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.model import Maybe, OpenModel
from stigmer_dsl.models.activity_options import ActivityOptions
from stigmer_dsl.models.search_attributes import SearchAttribute, SearchAttributeField


def _literal(attribute: JsonValue) -> JsonValue:
    value = attribute.value if isinstance(attribute, SearchAttribute) else attribute
    if isinstance(value, str) and "${" in value:
        raise PydanticCustomError(
            "wrong-type",
            "Expressions are not evaluated in the `metadata` of the document",
            {"hint": "Write the value itself, or move the attribute into the `metadata` of the first task."},
        )
    return attribute


class TaskMetadata(OpenModel):
    """Of a task.

    Attributes:
        activity_options: how the activities of the task's own call are run.
        search_attributes: what is set when the task starts; values may be expressions.
    """

    activity_options: Maybe[ActivityOptions] = Field(default=None, alias="activityOptions")
    search_attributes: Maybe[dict[str, SearchAttributeField]] = Field(default=None, alias="searchAttributes")


class DocumentMetadata(OpenModel):
    """Of a document.

    Attributes:
        activity_options: for every task that does not say otherwise, option by option.
        search_attributes: what is set when the execution starts.
    """

    activity_options: Maybe[ActivityOptions] = Field(default=None, alias="activityOptions")
    search_attributes: Maybe[dict[str, Annotated[SearchAttributeField, AfterValidator(_literal)]]] = Field(
        default=None, alias="searchAttributes"
    )
