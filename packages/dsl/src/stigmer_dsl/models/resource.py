"""Endpoints, external resources and schemas."""

from typing import Annotated, Self

from pydantic import Tag, model_validator
from pydantic_core import PydanticCustomError

from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.model import TEXT_OR_OBJECT, Maybe, Model
from stigmer_dsl.models.authentication import AuthenticationReference
from stigmer_dsl.models.text import UriText


class Endpoint(Model):
    """Where a call goes: a URI, URI template or expression, with the authentication to use there."""

    uri: UriText
    authentication: Maybe[AuthenticationReference] = None


EndpointField = Annotated[Annotated[UriText, Tag("<text>")] | Annotated[Endpoint, Tag("<object>")], TEXT_OR_OBJECT]
"""Text (URI, URI template or one `${ }` expression) or an `Endpoint`."""


class ExternalResource(Model):
    """A document outside the workflow."""

    name: Maybe[str] = None
    endpoint: EndpointField


class SchemaDefinition(Model):
    """A schema, inline (`document`) or external (`resource`)."""

    format: str = "json"
    document: JsonValue = None
    resource: Maybe[ExternalResource] = None

    @model_validator(mode="after")
    def _inline_or_external(self) -> Self:
        # An inline schema may be any JSON value, null included, so presence is what counts.
        inline = "document" in self.model_fields_set
        if inline and self.resource is not None:
            raise PydanticCustomError(
                "conflicting-properties",
                "`document` and `resource` exclude each other",
                {"hint": "Keep one of `document`, `resource`."},
            )
        if not inline and self.resource is None:
            raise PydanticCustomError(
                "missing-property",
                "One of `document`, `resource` is required",
                {"hint": "Put the inline JSON Schema under `document`."},
            )
        return self


class Catalog(Model):
    """A catalog of functions: the root URI under which they are kept."""

    endpoint: EndpointField
