"""The text by which every run of an execution goes."""

import json

from stigmer_engine.documents import DocumentRegistry
from stigmer_engine.interpreter.prepared import PreparedDocument


def definition_text(document: PreparedDocument) -> str:
    """The document as JSON, which is YAML too. The same document gives the same text, and so is stored once."""
    return json.dumps(document.raw, ensure_ascii=False, separators=(",", ":"))


def find_definition(documents: DocumentRegistry, namespace: str, name: str, version: str) -> str | None:
    """The text of a registered document, if there is one."""
    document = documents.find(namespace, name, version)
    return None if document is None else definition_text(document)
