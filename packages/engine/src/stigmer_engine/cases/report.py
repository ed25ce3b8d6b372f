"""Performing many cases, and what came of them."""

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stigmer_dsl.json_types import JsonObject

from stigmer_engine.cases.judgement import judge
from stigmer_engine.cases.observation import Performer
from stigmer_engine.cases.reading import PlannedCase

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What came of a case.

    Attributes:
        differences: sentences on what is not as expected; none when the case holds.
        seconds: real time it took; `virtual_seconds` the time that passed for the workflow.
    """

    planned: PlannedCase
    differences: tuple[str, ...]
    seconds: float
    virtual_seconds: float

    @property
    def holds(self) -> bool:
        """Whether everything was as expected."""
        return not self.differences

    def to_json(self) -> JsonObject:
        """The result as a flat object."""
        return {
            "file": self.planned.source,
            "line": self.planned.line,
            "name": self.planned.name,
            "holds": self.holds,
            "differences": list(self.differences),
            "covers": list(self.planned.covers),
            "seconds": round(self.seconds, 6),
            "virtual_seconds": round(self.virtual_seconds, 3),
        }


def perform_all(performer: Performer, cases: Iterable[PlannedCase]) -> Iterator[CaseResult]:
    """Perform the cases in their order, and judge each."""
    for planned in cases:
        began = time.perf_counter()
        virtual_seconds = 0.0
        try:
            seen = performer.perform(planned)
        except Exception as error:
            # A defect of the runtime must not take the other cases with it.
            _log.exception("the case %s broke the runtime", planned.name)
            differences: tuple[str, ...] = (f"the runtime broke: {type(error).__name__}: {error}",)
        else:
            differences = judge(planned.case.expect, seen)
            virtual_seconds = seen.seconds
        seconds = time.perf_counter() - began
        yield CaseResult(planned=planned, differences=differences, seconds=seconds, virtual_seconds=virtual_seconds)
