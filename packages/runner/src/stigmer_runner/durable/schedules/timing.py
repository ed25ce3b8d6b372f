"""What Temporal can do of a document's `schedule`, and what not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from stigmer_dsl import Duration
from stigmer_dsl.models.schedule import Schedule
from stigmer_engine.schedule import Cron, CronFields, InvalidCron
from temporalio.client import ScheduleCalendarSpec, ScheduleIntervalSpec, ScheduleRange, ScheduleSpec

_EVERY_DAY: Final = (ScheduleRange(1, 31),)
_EVERY_WEEKDAY: Final = (ScheduleRange(0, 6),)


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
    """One, or two where a day of the month or one of the week is enough: Temporal always asks for both."""
    both = [(_ranges(fields.days), _ranges(fields.weekdays))]
    either = [(_ranges(fields.days), _EVERY_WEEKDAY), (_EVERY_DAY, _ranges(fields.weekdays))]
    for days, weekdays in both if fields.both_days else either:
        yield ScheduleCalendarSpec(
            minute=_ranges(fields.minutes),
            hour=_ranges(fields.hours),
            day_of_month=days,
            month=_ranges(fields.months),
            day_of_week=weekdays,
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
