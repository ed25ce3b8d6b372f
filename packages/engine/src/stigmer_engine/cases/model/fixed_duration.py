"""Durations of a case file: fixed ones, since nothing is there to evaluate an expression."""

from typing import Annotated

from pydantic import AfterValidator, Tag
from pydantic_core import PydanticCustomError
from stigmer_dsl.duration import Duration, is_iso_duration, parse_duration
from stigmer_dsl.model import TEXT_OR_OBJECT


def _fixed(text: str) -> str:
    if is_iso_duration(text):
        return text
    raise PydanticCustomError(
        "invalid-duration",
        "This is not a duration",
        {"hint": "Write an object such as `seconds: 30`, or ISO 8601 such as `PT30S`."},
    )


FixedDuration = Annotated[
    Annotated[Annotated[str, AfterValidator(_fixed)], Tag("<text>")] | Annotated[Duration, Tag("<object>")],
    TEXT_OR_OBJECT,
]
"""`Duration`, or ISO 8601 text."""


def seconds_of(duration: "Duration | str | None") -> float:
    """The duration in seconds; 0 for none."""
    return 0.0 if duration is None else parse_duration(duration).total_seconds()
