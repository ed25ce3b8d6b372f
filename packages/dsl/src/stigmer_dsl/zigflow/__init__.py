"""The Zigflow profile: documents of that dialect, translated into the DSL when they are loaded."""

from stigmer_dsl.zigflow.document import Translation, is_zigflow, translate

__all__ = ["Translation", "is_zigflow", "translate"]
