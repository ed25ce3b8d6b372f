"""How much a reporter may hold, try and send at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from stigmer_callback._backoff import Backoff
from stigmer_callback.errors import CallbackConfigError


def _rest_backoff() -> Backoff:
    return Backoff(initial_seconds=1.0, maximum_seconds=30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReporterLimits:
    """Limits of a `ProgressReporter`. Raises `CallbackConfigError` for a number below 1.

    - `max_events`, `max_bytes`: what the buffer holds, over all executions; bytes as on the wire.
    - `max_event_bytes`: a larger event loses its payload, as receivers refuse messages over 4 MiB by default.
    - `max_calls`: calls at once; `max_suspect_calls`: further calls for executions whose last call failed, kept apart
      so that they cannot occupy the others' places.
    - `max_refusals`: an event that the peer itself refused so often is given up.
    - `misses_before_rest`: calls in a row that do not reach the endpoint, after which it is left alone for a while;
      `rest` says how long.
    - `retry`: the wait between the attempts of one execution.
    """

    max_events: int = 10_000
    max_bytes: int = 32 * 1024 * 1024
    max_event_bytes: int = 4_000_000
    max_calls: int = 24
    max_suspect_calls: int = 8
    max_refusals: int = 5
    misses_before_rest: int = 5
    retry: Backoff = field(default_factory=Backoff)
    rest: Backoff = field(default_factory=_rest_backoff)

    def __post_init__(self) -> None:
        for name, value in (
            ("max_events", self.max_events),
            ("max_bytes", self.max_bytes),
            ("max_event_bytes", self.max_event_bytes),
            ("max_calls", self.max_calls),
            ("max_suspect_calls", self.max_suspect_calls),
            ("max_refusals", self.max_refusals),
            ("misses_before_rest", self.misses_before_rest),
        ):
            if value < 1:
                msg = f"ReporterLimits.{name} must be 1 or more, not {value}"
                raise CallbackConfigError(msg)


DEFAULT_LIMITS: Final = ReporterLimits()
