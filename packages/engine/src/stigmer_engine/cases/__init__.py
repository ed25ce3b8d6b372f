"""Cases: workflow documents with what they must do, performed offline and on virtual time."""

from stigmer_engine.cases.judgement import judge
from stigmer_engine.cases.junit import junit_xml
from stigmer_engine.cases.observation import Observation, ObservedCall, Performer
from stigmer_engine.cases.reading import PlannedCase, find_case_files, parse_cases, read_cases
from stigmer_engine.cases.report import CaseResult, perform_all
from stigmer_engine.cases.stage import AsyncioStage

__all__ = [
    "AsyncioStage",
    "CaseResult",
    "Observation",
    "ObservedCall",
    "Performer",
    "PlannedCase",
    "find_case_files",
    "judge",
    "junit_xml",
    "parse_cases",
    "perform_all",
    "read_cases",
]
