"""Error objects (RFC 7807) and the filter that selects them."""

from typing import Self

from pydantic import StrictInt, model_validator
from pydantic_core import PydanticCustomError

from stigmer_dsl.model import Maybe, Model
from stigmer_dsl.models.text import UriText


class ErrorDefinition(Model):
    """An error to raise; `type`, `title`, `detail` and `instance` may be expressions."""

    type: UriText
    status: StrictInt
    title: Maybe[str] = None
    detail: Maybe[str] = None
    instance: Maybe[str] = None


class ErrorFilter(Model):
    """Fields that must be equal for an error to be caught; a field that is absent matches anything."""

    type: Maybe[str] = None
    status: Maybe[StrictInt] = None
    title: Maybe[str] = None
    detail: Maybe[str] = None
    instance: Maybe[str] = None

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError(
                "missing-property",
                "An error filter needs at least one of `type`, `status`, `title`, `detail`, `instance`",
                {"hint": "Leave `errors` out to catch every error."},
            )
        return self
