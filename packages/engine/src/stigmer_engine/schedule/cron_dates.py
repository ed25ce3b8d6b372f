"""The dates that a cron expression names, as plain conditions on year, month, day and day of week.

Days that depend on the month (`L`, `LW`, `5L`, `1#2`) become several conditions, one for each length of a month, so
that whoever has no such words can still name the same dates.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from cronsim import CronSim

_MONTHS: Final = frozenset(range(1, 13))
_DAYS: Final = frozenset(range(1, 32))
_WEEK: Final = 7
_WEEKDAYS: Final = frozenset(range(_WEEK))
_WORKING_DAYS: Final = frozenset(range(1, 6))
_FRIDAY: Final = frozenset({5})


@dataclass(frozen=True, slots=True, kw_only=True)
class CronDates:
    """Dates that meet every condition; Sunday is 0.

    `leap_years` True stands for leap years only, False for all others, None for every year.
    """

    months: frozenset[int] = _MONTHS
    days: frozenset[int] = _DAYS
    weekdays: frozenset[int] = _WEEKDAYS
    leap_years: bool | None = None

    def among(self, other: "CronDates") -> "CronDates | None":
        """The dates that are in both; None when there can be none."""
        leap = self.leap_years if other.leap_years is None else other.leap_years
        both = CronDates(
            months=self.months & other.months,
            days=self.days & other.days,
            weekdays=self.weekdays & other.weekdays,
            leap_years=leap,
        )
        agree = self.leap_years in (None, leap)
        return both if agree and both.months and both.days and both.weekdays else None


# Months by their last day.
_BY_LENGTH: Final = (
    (31, CronDates(months=frozenset({1, 3, 5, 7, 8, 10, 12}))),
    (30, CronDates(months=frozenset({4, 6, 9, 11}))),
    (29, CronDates(months=frozenset({2}), leap_years=True)),
    (28, CronDates(months=frozenset({2}), leap_years=False)),
)


def cron_dates(parsed: CronSim) -> tuple[CronDates, ...]:
    """The dates that a parsed expression names: those of any of the conditions."""
    days, weekdays = list(_of_days(parsed.days)), list(_of_weekdays(parsed.weekdays))
    # Cron takes either, where both fields say something.
    named = _both(days, weekdays) if parsed.day_and else [*days, *weekdays]
    return tuple(_both(named, [CronDates(months=frozenset(parsed.months))]))


def _of_days(days: Iterable[int]) -> Iterator[CronDates]:
    plain = frozenset(day for day in days if day > 0)
    if plain:
        yield CronDates(days=plain)
    for last, months in _BY_LENGTH:
        if CronSim.LAST in days:
            yield from _both([months], [CronDates(days=frozenset({last}))])
        if CronSim.LAST_WEEKDAY in days:
            # Where the month ends on a Saturday or Sunday, its last working day is the Friday before.
            ends = CronDates(days=frozenset({last}), weekdays=_WORKING_DAYS)
            friday = CronDates(days=frozenset({last - 1, last - 2}), weekdays=_FRIDAY)
            yield from _both([months], [ends, friday])


def _of_weekdays(weekdays: Iterable[int | tuple[int, int]]) -> Iterator[CronDates]:
    which: dict[int, set[int]] = {}
    plain: set[int] = set()
    for weekday in weekdays:
        if isinstance(weekday, tuple):
            which.setdefault(weekday[1], set()).add(weekday[0] % _WEEK)
        else:
            plain.add(weekday % _WEEK)
    if plain:
        yield CronDates(weekdays=frozenset(plain))
    for number, found in sorted(which.items()):
        of_week = CronDates(weekdays=frozenset(found))
        if number == CronSim.LAST:
            for last, months in _BY_LENGTH:
                yield from _both([months], [CronDates(days=frozenset(range(last - _WEEK + 1, last + 1)))], [of_week])
        else:
            nth = CronDates(days=_DAYS & frozenset(range((number - 1) * _WEEK + 1, number * _WEEK + 1)))
            yield from _both([nth], [of_week])


def _both(first: Iterable[CronDates], *others: Iterable[CronDates]) -> list[CronDates]:
    """Each condition together with each of the others, as far as there are such dates."""
    found = list(first)
    for other in others:
        pairs = [one.among(another) for one in found for another in other]
        found = [both for both in pairs if both is not None]
    return found
