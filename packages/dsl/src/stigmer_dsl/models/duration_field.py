"""The field type for durations: an object, ISO 8601 text, or a runtime expression."""

from typing import Annotated

from pydantic import AfterValidator, Tag
from pydantic_core import PydanticCustomError

from stigmer_dsl.duration import ISO_FORM, Duration, is_iso_duration
from stigmer_dsl.expressions import is_strict
from stigmer_dsl.model import TEXT_OR_OBJECT
from stigmer_dsl.models.text import pattern_schema


def _duration_text(text: str) -> str:
    if is_strict(text) or is_iso_duration(text):
        return text
    raise PydanticCustomError(
        "invalid-duration",
        "This is not a duration",
        {"hint": "Write an object such as `seconds: 30`, ISO 8601 such as `PT30S`, or one `${ }` expression."},
    )


DurationText = Annotated[str, AfterValidator(_duration_text), pattern_schema(rf"^(?:{ISO_FORM})$|^\s*\$\{{")]

DurationField = Annotated[Annotated[DurationText, Tag("<text>")] | Annotated[Duration, Tag("<object>")], TEXT_OR_OBJECT]
"""`Duration`, or text: ISO 8601 or one `${ }` expression that yields ISO 8601 text."""
