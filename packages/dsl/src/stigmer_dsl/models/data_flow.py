"""Input, output, export and timeout, as workflows and tasks have them."""

from typing import Annotated

from pydantic import Field, Tag

from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.model import TEXT_OR_OBJECT, Maybe, Model
from stigmer_dsl.models.duration_field import DurationField
from stigmer_dsl.models.resource import SchemaDefinition

Template = Annotated[Annotated[str, Tag("<text>")] | Annotated[JsonObject, Tag("<object>")], TEXT_OR_OBJECT]
"""A jq expression (bare, or in `${ }`), or an object whose strings may be `${ }` expressions."""


class Input(Model):
    """Validates (`schema`) the raw input, then transforms it (`from`)."""

    schema_: Maybe[SchemaDefinition] = Field(default=None, alias="schema")
    from_: Maybe[Template] = Field(default=None, alias="from")


class Output(Model):
    """Transforms the raw output (`as`), then validates it (`schema`)."""

    schema_: Maybe[SchemaDefinition] = Field(default=None, alias="schema")
    as_: Maybe[Template] = Field(default=None, alias="as")


class Export(Model):
    """Replaces the workflow's context by the value of `as`, then validates it (`schema`)."""

    schema_: Maybe[SchemaDefinition] = Field(default=None, alias="schema")
    as_: Maybe[Template] = Field(default=None, alias="as")


class Timeout(Model):
    """The time after which a task or workflow is interrupted."""

    after: DurationField


TimeoutField = Annotated[Annotated[str, Tag("<text>")] | Annotated[Timeout, Tag("<object>")], TEXT_OR_OBJECT]
"""A `Timeout`, or the name of one in `use.timeouts`."""
