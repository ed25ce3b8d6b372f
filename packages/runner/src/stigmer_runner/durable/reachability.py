"""Whether Temporal answers, asked again and again: for the readiness of the runner."""

import asyncio
from types import TracebackType
from typing import Final, Self

from stigmer_ports.logs import get_logger
from temporalio.client import Client

log = get_logger(__name__)

_EVERY_SECONDS: Final = 3.0
_ANSWER_SECONDS: Final = 3.0


class Reachability:
    """Asks Temporal while its context is open; it was reachable when that was entered."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._asking: asyncio.Task[None] | None = None
        self.reachable = True

    async def __aenter__(self) -> Self:
        self._asking = asyncio.create_task(self._ask(), name="temporal-reachability")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _ask(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            answers = await self._answers()
            if answers != self.reachable:
                self.reachable = answers
                if answers:
                    log.info("Temporal answers again")
                else:
                    log.warning("Temporal does not answer; executions wait, and nothing of them is lost")

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await self._client.service_client.check_health()
        except Exception:
            # Whatever it is, it is no answer.
            return False
