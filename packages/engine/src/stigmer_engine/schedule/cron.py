"""Cron expressions of five fields: minute, hour, day of month, month, day of week.

Days and the change to and from summer time are as in Debian's cron: a job at a fixed time that the change skips runs
at once after it, one whose time comes twice runs once, and jobs every so many minutes or hours follow the real time.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from stigmer_engine.schedule.cron_dates import CronDates, cron_dates

_FIELDS: Final = 5


class InvalidCron(ValueError):
    """Not a cron expression of five fields, or not a time zone; says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CronFields:
    """What a cron expression names: minutes and hours, each in ascending order, and dates that meet any of `dates`."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    dates: tuple[CronDates, ...]


class Cron:
    """A cron expression in a time zone.

    Raises:
        InvalidCron: see there.
    """

    def __init__(self, expression: str, time_zone: str = "UTC") -> None:
        fields = expression.split()
        if len(fields) != _FIELDS:
            raise InvalidCron(f"it has {len(fields)} fields, not five: minute, hour, day of month, month, day of week")
        self._expression = " ".join(fields)
        self._zone = _zone(time_zone)
        try:
            CronSim(self._expression, datetime.now(UTC))
        except CronSimError as error:
            raise InvalidCron(f"{str(error)[:1].lower()}{str(error)[1:]}") from error

    @property
    def fields(self) -> CronFields:
        """What it names."""
        parsed = CronSim(self._expression, datetime.now(UTC))
        return CronFields(
            minutes=tuple(sorted(parsed.minutes)), hours=tuple(sorted(parsed.hours)), dates=cron_dates(parsed)
        )

    def next_after(self, time: float) -> float | None:
        """The next time it names after a Unix time, or None when there is none within 50 years."""
        start = datetime.fromtimestamp(time, self._zone)
        found = next(CronSim(self._expression, start), None)
        return None if found is None else found.timestamp()


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidCron(f"there is no time zone {name!r} here") from error
