"""The case format: one YAML file holds documents, and cases of what they do."""

from stigmer_engine.cases.model.case_file import Case, CaseFile, WorkflowSource
from stigmer_engine.cases.model.expectation import (
    CallExpectation,
    ErrorExpectation,
    Expectation,
    StartExpectation,
    TaskExpectation,
)
from stigmer_engine.cases.model.happening import Happening
from stigmer_engine.cases.model.mock import Mock, Reply

__all__ = [
    "CallExpectation",
    "Case",
    "CaseFile",
    "ErrorExpectation",
    "Expectation",
    "Happening",
    "Mock",
    "Reply",
    "StartExpectation",
    "TaskExpectation",
    "WorkflowSource",
]
