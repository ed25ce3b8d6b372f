"""What a schedule tells of itself, whoever keeps it."""

from dataclasses import dataclass
from typing import Protocol

from stigmer_engine.schedule import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleState:
    """A schedule now. Times are Unix seconds.

    Attributes:
        active: whether it can start anything any more.
        next_time: when the clock starts the next execution; None when only events, or nothing, will.
        last_time: when it started one last.
        count: how many it has started.
        executions: ids of the newest, oldest first.
        problem: what went wrong last with the schedule itself, or what of it has no effect.
    """

    active: bool = False
    next_time: float | None = None
    last_time: float | None = None
    count: int = 0
    executions: tuple[str, ...] = ()
    problem: str = ""


class ScheduleSource(Protocol):
    """A schedule that can be asked."""

    async def state(self) -> ScheduleState:
        """How it stands."""
        ...


class ProcessSchedule:
    """A schedule of an engine in this process."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule

    async def state(self) -> ScheduleState:
        """See `ScheduleSource`."""
        schedule = self._schedule
        return ScheduleState(
            active=schedule.active,
            next_time=schedule.next_time,
            last_time=schedule.last_time,
            count=schedule.count,
            executions=tuple(execution.id for execution in schedule.executions),
            problem=schedule.problem,
        )

    def stop(self) -> None:
        """Start nothing more. What runs goes on."""
        self._schedule.stop()
