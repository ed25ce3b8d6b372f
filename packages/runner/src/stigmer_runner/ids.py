"""Ids of executions: `wex-` and a lower-case ULID, as the Stigmer service mints them."""

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME_CHARS, _RANDOM_CHARS = 10, 16
_RANDOM_BITS = 80


def mint_execution_id() -> str:
    """A new id. Sorts by its millisecond of creation; 80 random bits follow (ULID specification)."""
    milliseconds = time.time_ns() // 1_000_000
    return f"wex-{_crockford(milliseconds, _TIME_CHARS)}{_crockford(secrets.randbits(_RANDOM_BITS), _RANDOM_CHARS)}"


def _crockford(value: int, length: int) -> str:
    return "".join(_ALPHABET[(value >> (5 * place)) & 31] for place in reversed(range(length)))
