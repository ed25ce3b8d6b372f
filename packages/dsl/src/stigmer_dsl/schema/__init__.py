"""The JSON Schema of documents, for editors and for validators that are not ours."""

from stigmer_dsl.schema.generate import json_schema

__all__ = ["json_schema"]
