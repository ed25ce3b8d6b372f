"""Lists of a case file that need an element."""

from collections.abc import Sized
from typing import TypeVar

from pydantic_core import PydanticCustomError

SizedT = TypeVar("SizedT", bound=Sized)


def not_empty(value: SizedT) -> SizedT:
    """Refuse an empty list. After its elements, so that a list of broken ones is not called empty."""
    if not value:
        raise PydanticCustomError("empty-collection", "This must not be empty", {"hint": "Add at least one element."})
    return value
