"""How callers load a document that came from elsewhere."""

from collections.abc import Callable

from stigmer_dsl import LoadedDocument

Load = Callable[[str, str], LoadedDocument]
"""Loads a document from text and the name of its source; raises InvalidDocument, unsupported constructs included."""
