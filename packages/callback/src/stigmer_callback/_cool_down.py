"""Rest for an endpoint that does not answer, so that it costs the process next to nothing."""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from stigmer_callback._backoff import Backoff
from stigmer_callback.clock import Clock, Random

log = logging.getLogger(__name__)


class CoolDown:
    """A circuit breaker over all executions.

    After `threshold` failures in a row it lets no call pass for a while, then one probe. The probe's success lets all
    waiting calls pass; its failure starts a longer rest. Failures of one single execution never trip it, unless their
    cause lies in the endpoint: one execution the receiver chokes on must not hold up the others.
    """

    def __init__(self, *, threshold: int, backoff: Backoff, clock: Clock, random: Random) -> None:
        self._threshold = threshold
        self._backoff = backoff
        self._clock = clock
        self._random = random
        self._failures = 0
        self._failing: set[str] = set()
        self._rests = 0
        self._probe_is_free = False
        self._waiting: deque[asyncio.Future[bool]] = deque()
        self._rest: asyncio.Task[None] | None = None

    @property
    def resting(self) -> bool:
        """Whether calls are held back."""
        return self._rests > 0

    async def admit(self) -> bool:
        """Wait until a call may start; return whether it is the probe.

        The caller then makes the call and reports by `succeeded` or `failed`, or gives the turn back by `withdraw`.
        """
        if not self.resting:
            return False
        if self._probe_is_free:
            self._probe_is_free = False
            return True
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.withdraw(probe=turn.result())
            raise

    def withdraw(self, *, probe: bool) -> None:
        """Give back an unused admission."""
        if probe and self.resting:
            self._offer_probe()

    def succeeded(self) -> None:
        """Note that the endpoint answered: rest no longer."""
        if self.resting:
            log.info("the progress endpoint answers again")
        self._failures = 0
        self._failing.clear()
        self._rests = 0
        self._probe_is_free = False
        self._stop_rest()
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(False)

    def failed(self, execution_id: str, cause: Exception, *, endpoint_wide: bool, probe: bool) -> None:
        """Note a failed call, and rest when the endpoint looks dead."""
        if self.resting:
            # Calls that were under way when the rest began say nothing new; only the probe counts.
            if probe:
                self._start_rest(cause)
            return
        self._failures += 1
        self._failing.add(execution_id)
        if self._failures >= self._threshold and (endpoint_wide or len(self._failing) > 1):
            self._start_rest(cause)

    def end_rest(self) -> None:
        """Let the next probe pass at once, for a last try before the end."""
        if self.resting and self._rest is not None:
            self._stop_rest()
            self._rests = 1
            self._offer_probe()

    def stop(self) -> None:
        """Cancel the timer."""
        self._stop_rest()

    def _start_rest(self, cause: Exception) -> None:
        self._rests += 1
        seconds = self._backoff.wait_seconds(self._rests, self._random)
        level = logging.WARNING if self._rests == 1 else logging.DEBUG
        log.log(level, "the progress endpoint fails: %s; next try in %.1f s, runs go on without it", cause, seconds)
        self._rest = asyncio.get_running_loop().create_task(self._rest_for(seconds))

    async def _rest_for(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._rest = None
        self._offer_probe()

    def _offer_probe(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(True)
                return
        self._probe_is_free = True

    def _stop_rest(self) -> None:
        rest, self._rest = self._rest, None
        if rest is not None:
            rest.cancel()
