"""Activities elsewhere that wait for the end of an execution, and are completed by it.

An activity that stands for an execution must hold no worker for as long as that takes, so it leaves its task token
with the execution. When a worker is lost that kept it alive, it is tried again, and leaves another token.
"""

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from stigmer_engine.execution import Execution
from stigmer_engine.runtimes.temporal.names import COMPLETE_ACTIVITY
from stigmer_engine.snapshot_json import snapshot_to_json

_KEPT: Final = 100
_TRY_SECONDS: Final = timedelta(seconds=10)
_TRIES: Final = RetryPolicy(maximum_attempts=10)


class Attendance:
    """Knows who waits for one execution. Tokens are in base64."""

    def __init__(self, tokens: tuple[str, ...]) -> None:
        self._tokens = list(tokens)

    @property
    def tokens(self) -> tuple[str, ...]:
        """Who waits, in order of arrival."""
        return tuple(self._tokens)

    def add(self, token: str) -> None:
        """Remember one more. Of very many, the oldest are retries that nobody waits for any more."""
        if token not in self._tokens:
            self._tokens.append(token)
            del self._tokens[:-_KEPT]

    async def finish(self, execution: Execution) -> None:
        """Complete all of them with the final state."""
        while self._tokens:
            token = self._tokens.pop(0)
            try:
                await workflow.execute_activity(
                    COMPLETE_ACTIVITY,
                    args=[token, snapshot_to_json(execution.snapshot)],
                    start_to_close_timeout=_TRY_SECONDS,
                    retry_policy=_TRIES,
                    summary="tell who waits for the end",
                )
            except ActivityError as error:
                workflow.logger.warning("somebody who waits for the end could not be told: %s", error.cause)
