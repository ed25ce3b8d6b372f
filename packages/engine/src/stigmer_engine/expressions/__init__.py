"""Runtime expressions: programs, and the child processes that evaluate them."""

from stigmer_engine.expressions.checker import LibjqChecker
from stigmer_engine.expressions.evaluator import Evaluator, EvaluatorConfig
from stigmer_engine.expressions.program import (
    Program,
    choice_program,
    expression_program,
    template_program,
)

__all__ = [
    "Evaluator",
    "EvaluatorConfig",
    "LibjqChecker",
    "Program",
    "choice_program",
    "expression_program",
    "template_program",
]
