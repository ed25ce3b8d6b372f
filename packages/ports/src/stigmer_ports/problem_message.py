"""A finding about a document as the contract tells it."""

from stigmer_dsl import Problem
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ValidationProblem


def problem_message(problem: Problem) -> ValidationProblem:
    """The message; 0 for a line or column that is not known."""
    return ValidationProblem(
        code=problem.code,
        message=problem.message,
        pointer=problem.pointer,
        line=problem.line or 0,
        column=problem.column or 0,
        source=problem.source,
        severity=problem.severity,
        hint=problem.hint,
    )
