"""Rest for an endpoint that cannot be reached, so that it costs the process next to nothing."""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from stigmer_callback._backoff import Backoff
from stigmer_callback.clock import Clock, Random

log = logging.getLogger(__name__)


class CoolDown:
    """A circuit breaker over all executions.

    After `threshold` calls in a row that did not reach the service it lets no call pass for a while, then one probe. A
    probe that gets through lets all waiting calls pass; one that does not starts a longer rest.

    Only calls that no other event would have survived count. A service that hangs on some executions, or refuses them,
    is alive for others: those calls are held back for each execution alone.
    """

    def __init__(self, *, threshold: int, backoff: Backoff, clock: Clock, random: Random) -> None:
        self._threshold = threshold
        self._backoff = backoff
        self._clock = clock
        self._random = random
        self._missed = 0
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

        The caller then makes the call and reports by `reached` or `missed`, or gives the turn back by `withdraw`.
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

    def reached(self) -> None:
        """Note that a call reached the service, whatever the service made of it: rest no longer."""
        if self.resting:
            log.info("the progress endpoint can be reached again")
        self._missed = 0
        self._rests = 0
        self._probe_is_free = False
        self._stop_rest()
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(False)

    def missed(self, cause: Exception, *, probe: bool) -> None:
        """Note that a call did not reach the service; after too many of them in a row, rest."""
        if self.resting:
            # Calls that were under way when the rest began say nothing new; only the probe counts.
            if probe:
                self._start_rest(cause)
            return
        self._missed += 1
        if self._missed >= self._threshold:
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
        log.log(
            level,
            "the progress endpoint cannot be reached: %s; next try in %.1f s, runs go on without it",
            cause,
            seconds,
        )
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
