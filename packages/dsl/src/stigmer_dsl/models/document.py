"""The `document` block: what identifies and describes a workflow."""

from pydantic import Field, ValidationInfo, field_validator

from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.model import Maybe, Model
from stigmer_dsl.models.metadata import DocumentMetadata
from stigmer_dsl.models.text import DnsLabel, DslVersion, SemanticVersion


class Document(Model):
    """Identity is `namespace`, `name` and `version`; the rest informs readers."""

    dsl: DslVersion
    namespace: DnsLabel
    name: DnsLabel
    version: SemanticVersion
    title: Maybe[str] = None
    summary: Maybe[str] = None
    tags: Maybe[JsonObject] = None
    metadata: Maybe[JsonObject] = Field(default=None)

    @field_validator("metadata")
    @classmethod
    def _metadata_fits(cls, value: JsonObject | None, info: ValidationInfo) -> JsonObject | None:
        if value is not None:
            DocumentMetadata.model_validate(value, by_alias=True, by_name=False, context=info.context)
        return value
