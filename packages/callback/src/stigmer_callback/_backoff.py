"""How long to wait between attempts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stigmer_callback.clock import Random
from stigmer_callback.errors import CallbackConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential back-off with jitter; all times in seconds.

    The wait before attempt n+1 lies between `(1 - jitter)` and 1 times
    `min(maximum_seconds, initial_seconds * multiplier ** (n - 1))`. Jitter spreads the callers that one outage stopped
    at the same moment.
    """

    initial_seconds: float = 0.2
    maximum_seconds: float = 30.0
    multiplier: float = 2.0
    jitter: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.initial_seconds <= self.maximum_seconds:
            msg = "Backoff needs 0 <= initial_seconds <= maximum_seconds"
            raise CallbackConfigError(msg)
        if self.multiplier < 1:
            msg = "Backoff.multiplier must be 1 or more, otherwise waits would shrink"
            raise CallbackConfigError(msg)
        if not 0 <= self.jitter <= 1:
            msg = "Backoff.jitter is a share of the wait: from 0 to 1"
            raise CallbackConfigError(msg)

    def wait_seconds(self, failures: int, random: Random) -> float:
        """Return the wait after the `failures`-th failure in a row, counted from 1."""
        wait = self.initial_seconds
        for _ in range(failures - 1):
            # A loop and not a power: `multiplier ** failures` overflows on a lane that fails for days.
            if wait >= self.maximum_seconds or wait == 0 or self.multiplier == 1:
                break
            wait *= self.multiplier
        return min(wait, self.maximum_seconds) * (1 - self.jitter * random.random())


DEFAULT_BACKOFF: Final = Backoff()
