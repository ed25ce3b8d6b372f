"""The law of frames as a check: generated documents, drained runs, allowed outcomes, and the four laws."""

from stigmer_engine.testing.law.documents import Case, generate
from stigmer_engine.testing.law.drained_run import DrainPlan, Record, run_case
from stigmer_engine.testing.law.expectation import Ending, TooManyOutcomes, allowed_endings
from stigmer_engine.testing.law.law_broken import LawBroken
from stigmer_engine.testing.law.laws import check_against, check_alone

__all__ = [
    "Case",
    "DrainPlan",
    "Ending",
    "LawBroken",
    "Record",
    "TooManyOutcomes",
    "allowed_endings",
    "check_against",
    "check_alone",
    "generate",
    "run_case",
]
