"""Checks a document for commands that do not run it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from stigmer_dsl import InvalidDocument, LoadedDocument, Problem, load
from stigmer_engine.expressions import LibjqChecker
from stigmer_engine.support import find_unsupported


@contextmanager
def expression_checker() -> Iterator[LibjqChecker]:
    """The checker of the engine, for as long as it is needed."""
    checker = LibjqChecker()
    try:
        yield checker
    finally:
        checker.close()


def check(text: bytes, source: str, checker: LibjqChecker) -> tuple[LoadedDocument | None, tuple[Problem, ...]]:
    """The document, or None when it is invalid, and everything found.

    A construct that is valid but that this version does not run is a warning here: the document is not wrong.
    """
    try:
        document = load(text, source=source, checker=checker)
    except InvalidDocument as invalid:
        return None, invalid.problems
    unsupported = tuple(replace(problem, severity="warning") for problem in find_unsupported(document))
    return document, (*document.warnings, *unsupported)
