"""Numbers that came through `google.protobuf.Struct`, which carries every number as a double."""

import math

EXACT_LIMIT = 2**53
"""Up to here every whole number has a double of its own."""
_LONGEST = 1e21
"""From here on a whole number is written with an exponent, as JavaScript does."""


def as_written(number: float) -> int | float:
    """Return a double as the author wrote it: `5`, not `5.0`. Huge, infinite and NaN values stay doubles."""
    value = float(number)
    return int(value) if math.isfinite(value) and value.is_integer() and abs(value) < _LONGEST else value


def is_exact(number: float) -> bool:
    """Tell whether the double of a number still says which whole number was written."""
    return abs(number) <= EXACT_LIMIT
