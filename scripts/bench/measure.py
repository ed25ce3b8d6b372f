"""Measurements: what we do against what one would write by hand, in turns, so that a busy moment hits both."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Yardstick:
    """A hand-written equivalent; `run` does the same job once and returns the same result."""

    name: str
    run: Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One job: ours and its yardsticks.

    Attributes:
        units: how many of `unit` one run goes through, for the time of each.
        meaning: takes from a result what has to be equal to a yardstick's; not measured.
    """

    name: str
    unit: str
    units: int
    run: Callable[[], object]
    yardsticks: tuple[Yardstick, ...]
    meaning: Callable[[object], object] = lambda result: result


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Our median over that of a yardstick; `seconds` is the yardstick's."""

    name: str
    seconds: float
    ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Median seconds of a case, and its ratios."""

    case: Case
    seconds: float
    ratios: tuple[Ratio, ...]

    @property
    def each(self) -> float:
        """Seconds of one unit."""
        return self.seconds / self.case.units


# On a busy machine three rounds have to do, so that all cases together stay a matter of a minute.
PATIENCE_SECONDS = 8.0
FEWEST = 3


def measure(case: Case, repeat: int) -> Measurement:
    """Run a case `repeat` times, fewer when it is slow, and take medians, after one unmeasured run of everything.

    Raises:
        ValueError: a yardstick's result is not ours, so it did another job.
    """
    wanted = case.meaning(case.run())
    for yardstick in case.yardsticks:
        if case.meaning(yardstick.run()) != wanted:
            raise ValueError(f"{yardstick.name} is no equivalent of {case.name}: its result differs")
    ours: list[float] = []
    theirs: list[list[float]] = [[] for _ in case.yardsticks]
    begin = time.perf_counter()
    for done in range(repeat):
        if done >= FEWEST and time.perf_counter() - begin > PATIENCE_SECONDS:
            break
        ours.append(_seconds(case.run))
        for times, yardstick in zip(theirs, case.yardsticks, strict=True):
            times.append(_seconds(yardstick.run))
    seconds = statistics.median(ours)
    ratios = (
        Ratio(name=yardstick.name, seconds=statistics.median(times), ratio=seconds / statistics.median(times))
        for times, yardstick in zip(theirs, case.yardsticks, strict=True)
    )
    return Measurement(case=case, seconds=seconds, ratios=tuple(ratios))


def _seconds(run: Callable[[], object]) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin
