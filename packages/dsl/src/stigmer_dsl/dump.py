"""The canonical text of a document."""

from pydantic import BaseModel

from stigmer_dsl.document import LoadedDocument
from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.models.workflow import Workflow
from stigmer_dsl.ordering import in_reference_order
from stigmer_dsl.yaml_writer import write_yaml


def dump(document: LoadedDocument | Workflow | JsonObject) -> str:
    """Return the document as canonical YAML: the same document gives the same bytes on every platform.

    Properties of the DSL come in the order of its reference, data keeps its own order. Text is quoted where a
    reader of YAML 1.1 or 1.2 would not see text; text of several lines becomes a block literal. A JSON object need
    not be a valid document. Raises ValueError for data that JSON cannot hold.
    """
    return write_yaml(in_reference_order(to_json(document)))


def to_json(document: LoadedDocument | Workflow | JsonObject) -> JsonObject:
    """Return the plain JSON of a document; of a model, what was set."""
    if isinstance(document, LoadedDocument):
        return document.raw
    if isinstance(document, BaseModel):
        return document.model_dump(by_alias=True, exclude_unset=True)
    return document
