"""Durations: objects and ISO 8601."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from stigmer_dsl import Duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT30S", 30), ("PT0S", 0), ("PT0.5S", 0.5), ("PT1M", 60), ("PT1H30M", 5_400), ("P1D", 86_400),
        ("P1W", 604_800), ("P1M", 30 * 86_400), ("P1Y", 365 * 86_400), ("P0.5D", 43_200),
        ("P1Y2M3W4DT5H6M7.008S", (365 + 60 + 21 + 4) * 86_400 + 5 * 3_600 + 6 * 60 + 7.008),
        ("PT0.0005S", 0.0), ("PT1.0006S", 1.001),
    ],
)  # fmt: skip
def test_iso_8601(text: str, seconds: float) -> None:
    assert parse_duration(text).total_seconds() == seconds


def test_iso_8601_gives_whole_units() -> None:
    assert parse_duration("PT90061.5S") == Duration(days=1, hours=1, minutes=1, seconds=1, milliseconds=500)


def test_an_object() -> None:
    duration = parse_duration({"minutes": 1, "milliseconds": 250})
    assert duration.minutes == 1
    assert duration.total_seconds() == 60.25
    assert parse_duration(duration) is duration


@pytest.mark.parametrize(
    "value",
    ["", "P", "PT", "30s", "30", "PT30", "P1S", "PT1D", "-PT1S", "PT-1S", "P1Y1", "pt1s", " PT1S", "PT1S\n", "P1DT",
     "PT" + "1" * 100 + "S", "P1001Y", "PT١S"],
)  # fmt: skip
def test_text_that_is_no_duration(value: str) -> None:
    with pytest.raises(ValueError, match=r"duration|1000 years"):
        parse_duration(value)


@pytest.mark.parametrize("value", [{}, {"second": 1}, {"seconds": 1.5}, {"seconds": "1"}, {"seconds": -1}, 5, None, []])
def test_values_that_are_no_duration(value: object) -> None:
    with pytest.raises(ValidationError):
        parse_duration(value)


def test_an_object_longer_than_1000_years() -> None:
    with pytest.raises(ValidationError, match="1000 years"):
        parse_duration({"days": 365_001})


@settings(deadline=None)
@given(st.integers(0, 365_000 * 86_400_000))
def test_milliseconds_survive(total: int) -> None:
    assert parse_duration(f"PT{total // 1000}.{total % 1000:03}S").total_milliseconds() == total
