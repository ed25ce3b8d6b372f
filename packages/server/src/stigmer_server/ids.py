"""Identifiers as the deployed API mints them: the prefix of the kind, `-`, a lower-case ULID."""

import re
import secrets
import threading
import time
import unicodedata
from typing import Final

from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceKind

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_LONGEST_SLUG: Final = 63
_PREFIXES: Final = {
    ApiResourceKind.workflow: "wfl",
    ApiResourceKind.workflow_instance: "win",
    ApiResourceKind.workflow_execution: "wex",
    ApiResourceKind.environment: "env",
    ApiResourceKind.execution_context: "exec",
    ApiResourceKind.workflow_runner: "wrn",
}


class _Clock:
    """Ids minted by one process sort in the order they were minted, also within one millisecond (ULID, monotonic)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def number(self) -> int:
        with self._lock:
            fresh = (int(time.time() * 1000) << 80) | secrets.randbits(80)
            self._last = fresh if fresh >> 80 > self._last >> 80 else self._last + 1 + secrets.randbits(32)
            return self._last


_CLOCK: Final = _Clock()


def new_ulid() -> str:
    """48 bits of time in milliseconds and 80 random bits, in 26 lower-case digits of Crockford's base 32."""
    number = _CLOCK.number()
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def new_id(kind: ApiResourceKind) -> str:
    """A new id of this kind, such as `wfl-01jz...`."""
    return f"{_PREFIXES[kind]}-{new_ulid()}"


def slug_of(name: str) -> str:
    """The name in lower-case letters, digits and `-`, at most 63 characters; empty when it holds none of them."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_SLUG].strip("-")


def is_slug(text: str) -> bool:
    """Whether the text can stand as a slug."""
    return len(text) <= _LONGEST_SLUG and re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", text) is not None
