"""What Temporal can do of a document's `schedule`, and what not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from stigmer_dsl import Duration
from stigmer_dsl.models.schedule import Schedule
from stigmer_engine.schedule import Cron, CronFields, InvalidCron
from temporalio.client import ScheduleCalendarSpec, ScheduleIntervalSpec, ScheduleRange, ScheduleSpec

# Temporal plans until the end of 2100, which is no leap year.
_YEARS: Final[Mapping[bool | None, Sequence[ScheduleRange]]] = {
    None: (),
    True: (ScheduleRange(2000, 2096, 4),),
    False: (*(ScheduleRange(first, 2099, 4) for first in (2001, 2002, 2003)), ScheduleRange(2100)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When a document starts.

    Attributes:
        spec: the times; None when Temporal starts it at none.
        left_out: sentences about what of the schedule has no effect.
    """

    spec: ScheduleSpec | None
    left_out: tuple[str, ...] = ()


def timing(schedule: Schedule, time_zone: str) -> Timing:
    """The times at which a schedule starts executions on Temporal; `cron` counts in the time zone."""
    intervals: list[ScheduleIntervalSpec] = []
    calendars: list[ScheduleCalendarSpec] = []
    left_out: list[str] = []
    if schedule.every is not None:
        interval = _interval(schedule.every)
        if interval is None:
            left_out.append("schedule.every must be whole seconds, and no expression, on Temporal")
        else:
            intervals.append(ScheduleIntervalSpec(every=interval))
    if schedule.cron is not None:
        try:
            calendars += _calendars(Cron(schedule.cron, time_zone).fields)
        except InvalidCron as problem:
            left_out.append(f"schedule.cron cannot be used on Temporal: {problem}")
    for name, given in (("after", schedule.after), ("on", schedule.on)):
        if given is not None:
            left_out.append(
                f"schedule.{name} has no effect on Temporal: it starts only where executions run in process"
            )
    if not intervals and not calendars:
        return Timing(spec=None, left_out=tuple(left_out))
    spec = ScheduleSpec(calendars=calendars, intervals=intervals, time_zone_name=time_zone)
    return Timing(spec=spec, left_out=tuple(left_out))


def _interval(every: Duration | str) -> timedelta | None:
    seconds = every.total_seconds() if isinstance(every, Duration) else 0
    return timedelta(seconds=seconds) if seconds >= 1 and seconds == int(seconds) else None


def _calendars(fields: CronFields) -> Iterator[ScheduleCalendarSpec]:
    """One for each kind of dates: Temporal starts at the times of any of them, and once where several have the same."""
    for dates in fields.dates:
        yield ScheduleCalendarSpec(
            minute=_ranges(fields.minutes),
            hour=_ranges(fields.hours),
            day_of_month=_ranges(sorted(dates.days)),
            month=_ranges(sorted(dates.months)),
            year=_YEARS[dates.leap_years],
            day_of_week=_ranges(sorted(dates.weekdays)),
        )


def _ranges(values: Sequence[int]) -> tuple[ScheduleRange, ...]:
    """The same values as ranges, as few as may be."""
    found: list[list[int]] = []
    for value in values:
        if found and value == found[-1][1] + 1:
            found[-1][1] = value
        else:
            found.append([value, value])
    return tuple(ScheduleRange(first, last) for first, last in found)
