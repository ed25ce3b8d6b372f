"""The `document` block: what identifies and describes a workflow."""

from pydantic import Field

from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.model import Maybe, Model
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
