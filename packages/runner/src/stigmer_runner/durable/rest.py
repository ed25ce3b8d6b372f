"""The circuit breaker of a process: who could not be reached is left alone for a while."""

import time
from typing import Final

from stigmer_callback import Backoff
from stigmer_callback.clock import SYSTEM_RANDOM

_REST: Final = Backoff(initial_seconds=1.0, maximum_seconds=30.0)


class Rest:
    """After a call that did not reach the receiver none is made for a while, whichever execution would make it."""

    def __init__(self) -> None:
        self._missed = 0
        self._until = 0.0

    @property
    def resting(self) -> bool:
        """Whether to leave the receiver alone now."""
        return time.monotonic() < self._until

    def reached(self) -> None:
        """The receiver has answered."""
        self._missed, self._until = 0, 0.0

    def missed(self) -> None:
        """The receiver could not be reached."""
        self._missed += 1
        self._until = time.monotonic() + _REST.wait_seconds(self._missed, SYSTEM_RANDOM)
