"""Identifiers of executions: `wex-` and a lower-case ULID, as the deployed API mints them."""

import secrets
import time
from typing import Final

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"


def new_execution_id() -> str:
    """A new id: 48 bits of time in milliseconds, 80 random bits; ids sort by creation time."""
    number = (int(time.time() * 1000) << 80) | secrets.randbits(80)
    digits = [_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5)]
    return "wex-" + "".join(digits)
