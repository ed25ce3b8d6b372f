"""Durations of the DSL: an object of whole units, or an ISO 8601 duration."""

import re
from decimal import Decimal
from typing import Self

from pydantic import Field, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.model import Model

_ISO = re.compile(
    r"P(?!\Z)(?:(?P<years>\d+(?:\.\d+)?)Y)?(?:(?P<months>\d+(?:\.\d+)?)M)?(?:(?P<weeks>\d+(?:\.\d+)?)W)?"
    r"(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
# The same for readers that know no named groups (ECMA 262).
ISO_FORM = re.sub(r"\?P<[a-z]+>", "?:", _ISO.pattern).replace(r"(?!\Z)", "(?!$)")
_MILLISECONDS = {
    "years": 365 * 86_400_000,
    "months": 30 * 86_400_000,
    "weeks": 7 * 86_400_000,
    "days": 86_400_000,
    "hours": 3_600_000,
    "minutes": 60_000,
    "seconds": 1_000,
    "milliseconds": 1,
}
_UNITS = ("days", "hours", "minutes", "seconds", "milliseconds")
_LONGEST_TEXT = 64
_MAX_DAYS = 365_000

_Count = StrictInt


class Duration(Model):
    """A length of time in whole units, each zero or more; at least one unit is given in a document."""

    days: _Count = Field(default=0, ge=0)
    hours: _Count = Field(default=0, ge=0)
    minutes: _Count = Field(default=0, ge=0)
    seconds: _Count = Field(default=0, ge=0)
    milliseconds: _Count = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _has_a_unit(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError(
                "invalid-duration",
                "A duration needs at least one unit",
                {"hint": "Write for example `seconds: 30`; the units are " + ", ".join(_UNITS) + "."},
            )
        if self.total_milliseconds() > _MAX_DAYS * _MILLISECONDS["days"]:
            raise PydanticCustomError("invalid-duration", "The duration is longer than 1000 years", {})
        return self

    def total_milliseconds(self) -> int:
        """Return the whole length in milliseconds."""
        return sum(int(getattr(self, unit)) * _MILLISECONDS[unit] for unit in _UNITS)

    def total_seconds(self) -> float:
        """Return the whole length in seconds."""
        return self.total_milliseconds() / 1000


def is_iso_duration(text: str) -> bool:
    """Tell whether the text is an ISO 8601 duration as the DSL's schema allows it (`P1DT2H`, `PT0.5S`)."""
    return len(text) <= _LONGEST_TEXT and _ISO.fullmatch(text) is not None


def parse_duration(value: JsonValue) -> Duration:
    """Read a duration from a document's object form or from ISO 8601 text.

    Years count 365 days and months 30 days, because a workflow has no calendar; parts of a millisecond are rounded.
    Raises ValueError (pydantic's ValidationError is one) with a sentence that says what to write.
    """
    if isinstance(value, Duration):
        return value
    if not isinstance(value, str):
        return Duration.model_validate(value, by_alias=True, by_name=False)
    match = _ISO.fullmatch(value) if len(value) <= _LONGEST_TEXT else None
    if match is None:
        msg = f"{value[:_LONGEST_TEXT]!r} is not an ISO 8601 duration; write for example PT30S, PT1H30M or P1D"
        raise ValueError(msg)
    parts = {unit: Decimal(number) for unit, number in match.groupdict().items() if number is not None}
    rest = int((sum((number * _MILLISECONDS[unit] for unit, number in parts.items()), Decimal(0))).to_integral_value())
    if rest > _MAX_DAYS * _MILLISECONDS["days"]:
        msg = f"{value!r} is longer than 1000 years"
        raise ValueError(msg)
    counts: dict[str, int] = {}
    for unit in _UNITS:
        counts[unit], rest = divmod(rest, _MILLISECONDS[unit])
    return Duration(**counts)
