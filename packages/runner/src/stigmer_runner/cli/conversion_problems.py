"""Problems of a conversion in the form of `stigmer validate`."""

from dataclasses import replace

from stigmer_converter import ConversionProblem
from stigmer_dsl import LoadedDocument, Problem


def conversion_problem(problem: ConversionProblem, source: str, document: LoadedDocument | None) -> Problem:
    """The problem, with its place in the text when it is one of a document."""
    found = Problem(
        code=problem.code,
        message=problem.message,
        pointer=problem.path,
        source=source,
        severity=problem.severity,
        hint=problem.hint,
    )
    return placed(found, document)


def placed(problem: Problem, document: LoadedDocument | None) -> Problem:
    """The problem with the place that its pointer has in the text of the document."""
    place = document.locate(problem.pointer) if document and problem.pointer.startswith("/") else None
    if place is None:
        return problem
    return replace(problem, line=place[0], column=place[1])
