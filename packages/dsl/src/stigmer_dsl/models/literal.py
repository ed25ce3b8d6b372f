"""Field types whose text is taken as it stands: an expression in it would never be evaluated, so it is refused."""

from typing import Annotated

from pydantic import AfterValidator, Tag
from pydantic_core import PydanticCustomError

from stigmer_dsl.duration import ISO_FORM, Duration, is_iso_duration, parse_duration
from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.model import TEXT_OR_OBJECT
from stigmer_dsl.models.text import pattern_schema


def refuse_expression(text: str) -> str:
    """The text. Raises `wrong-type` when it has an expression in it."""
    if "${" in text:
        raise PydanticCustomError(
            "wrong-type", "Expressions are not evaluated here", {"hint": "Write the value itself, without `${ }`."}
        )
    return text


def _not_empty(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("empty-collection", "This must not be empty", {"hint": "Write a text, or remove it."})
    return text


def _iso(text: str) -> str:
    refuse_expression(text)
    if not is_iso_duration(text):
        raise PydanticCustomError(
            "invalid-duration",
            "This is not a duration",
            {"hint": "Write an object such as `seconds: 30`, or ISO 8601 such as `PT30S`."},
        )
    return text


def _some_time(value: str | Duration) -> str | Duration:
    try:
        length = parse_duration(value).total_milliseconds()
    except ValueError:
        raise PydanticCustomError("invalid-duration", "The duration is longer than 1000 years", {}) from None
    if length == 0:
        raise PydanticCustomError(
            "invalid-duration", "This must be longer than no time at all", {"hint": "Write a time, or remove it."}
        )
    return value


def number_between(value: JsonValue, least: float, most: float | None = None) -> JsonValue:
    """The number as it is written: `2` does not become `2.0`. Raises `wrong-type` and `out-of-range`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        hint = "Write the number without quotes." if isinstance(value, str) else ""
        raise PydanticCustomError("wrong-type", "A number is expected", {"hint": hint})
    if value < least or (most is not None and value > most):
        bounds = f"at least {least:g}" if most is None else f"from {least:g} to {most:g}"
        raise PydanticCustomError("out-of-range", "The number must be {bounds}", {"bounds": bounds})
    return value


LiteralText = Annotated[str, AfterValidator(refuse_expression), AfterValidator(_not_empty), pattern_schema(r"\S")]
"""Text with at least one character, and without expressions."""

LiteralDuration = Annotated[
    Annotated[Annotated[str, AfterValidator(_iso), pattern_schema(f"^(?:{ISO_FORM})$")], Tag("<text>")]
    | Annotated[Duration, Tag("<object>")],
    TEXT_OR_OBJECT,
    AfterValidator(_some_time),
]
"""A duration as an object or as ISO 8601 text, longer than zero."""
