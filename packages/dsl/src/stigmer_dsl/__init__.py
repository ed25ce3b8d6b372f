"""Document model of the Open Workflow DSL 1.0: loader, validation, canonical dumper."""

from stigmer_dsl.checker import ExpressionChecker
from stigmer_dsl.document import LoadedDocument
from stigmer_dsl.dump import dump
from stigmer_dsl.duration import Duration, parse_duration
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.limits import Limits
from stigmer_dsl.loader import find_problems, load
from stigmer_dsl.models.workflow import Workflow
from stigmer_dsl.problem import InvalidDocument, Problem
from stigmer_dsl.render import render

__all__ = [
    "Duration",
    "ExpressionChecker",
    "InvalidDocument",
    "JsonObject",
    "JsonValue",
    "Limits",
    "LoadedDocument",
    "Problem",
    "Workflow",
    "dump",
    "find_problems",
    "load",
    "parse_duration",
    "render",
]
