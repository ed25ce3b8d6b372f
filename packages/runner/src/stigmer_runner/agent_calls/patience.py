"""How long a service may be away."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from stigmer_engine.faults import fault
from stigmer_ports.logs import get_logger

from stigmer_runner.agent_calls.agent_client import Away
from stigmer_runner.agent_calls.config import AgentCallConfig

log = get_logger(__name__)
_JITTER: Final = random.Random()  # noqa: S311 - spreads callers, no cryptography
_T = TypeVar("_T")


class Patience:
    """Waits between tries, longer each time; over when the service has been away for too long in one go.

    `about` ends the fault that says so.
    """

    def __init__(self, config: AgentCallConfig, place: str) -> None:
        self._config = config
        self._place = place
        self._failures = 0
        self._since = 0.0
        self.about = ""

    def answered(self) -> None:
        """The service is there."""
        self._failures = 0

    async def wait(self, away: Away) -> None:
        """Wait for the next try. Raises Fault `communication` when there is to be none."""
        now = time.monotonic()
        if self._failures == 0:
            self._since = now
            log.warning("the Stigmer service is away; the agent call waits for it", why=str(away))
        if now - self._since > self._config.patience_seconds:
            detail = (
                f"{self._place} has been away for more than {self._config.patience_seconds:g} s: {away}{self.about}"
            )
            raise fault("communication", "The Stigmer service cannot be reached", detail) from None
        await self.pause()

    async def pause(self) -> None:
        """Wait for the next try, whatever the number of tries."""
        self._failures += 1
        await asyncio.sleep(self._config.backoff.wait_seconds(self._failures, _JITTER))

    async def outlast(self, call: Callable[[], Awaitable[_T]]) -> _T:
        """What a call that may be repeated gives, however often the service is away. Raises Fault."""
        while True:
            try:
                value = await call()
            except Away as away:
                await self.wait(away)
            else:
                self.answered()
                return value
