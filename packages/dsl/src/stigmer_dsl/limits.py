"""Bounds on what a document may cost before it is refused."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Size of the text in bytes, depth of nesting, and number of values after alias expansion."""

    max_bytes: int = 10 * 1024 * 1024
    max_depth: int = 256
    max_nodes: int = 100_000


DEFAULT_LIMITS = Limits()
