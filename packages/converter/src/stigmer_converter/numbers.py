"""Numbers that came through `google.protobuf.Struct`, which carries every number as a double."""

import math

EXACT_LIMIT = 2**53
"""Up to here every whole number has a double of its own."""


def as_written(number: float) -> int | float:
    """Return a double as the author wrote it: `5`, not `5.0`. Infinite and NaN stay as they are."""
    value = float(number)
    return int(value) if math.isfinite(value) and value.is_integer() else value


def is_exact(number: float) -> bool:
    """Tell whether a double still says which whole number was written."""
    return abs(number) <= EXACT_LIMIT or not float(number).is_integer()
