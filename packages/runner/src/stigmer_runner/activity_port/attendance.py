"""Stands in for activities whose executions still run: tells Temporal that they live, and hears of cancellations."""

import asyncio
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

from stigmer_ports.logs import get_logger
from temporalio.client import AsyncActivityCancelledError
from temporalio.service import RPCError, RPCStatusCode

from stigmer_runner.activity_port.answers import ActivityAnswers, Waiting
from stigmer_runner.executions import Executions
from stigmer_runner.http_port.view import ENDED
from stigmer_runner.refusals import Refused

log = get_logger(__name__)

_BEATS_A_TIMEOUT: Final = 3
_WITHOUT_TIMEOUT: Final = 10.0
_LONGEST: Final = 30.0
_CANCELLED: Final = "the activity that started it was cancelled"


class Attendance:
    """One task for each activity that waits here. An async context manager; leaving it leaves the activities alone.

    An activity with a heartbeat timeout is then tried again by Temporal, on another runner, which attends from there.
    """

    def __init__(self, executions: Executions, answers: ActivityAnswers) -> None:
        self._executions = executions
        self._answers = answers
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def attend(self, execution_id: str, waiting: Waiting, heartbeat_timeout: timedelta | None) -> None:
        """Attend until the activity is completed or gone."""
        seconds = _WITHOUT_TIMEOUT
        if heartbeat_timeout is not None and heartbeat_timeout:
            seconds = min(heartbeat_timeout.total_seconds() / _BEATS_A_TIMEOUT, _LONGEST)
        task = asyncio.create_task(self._attend(execution_id, waiting, seconds), name=f"attend {execution_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attend(self, execution_id: str, waiting: Waiting, seconds: float) -> None:
        cancelled, over = False, False
        while True:
            await asyncio.sleep(seconds)
            try:
                await self._answers.handle(waiting).heartbeat()
            except AsyncActivityCancelledError:
                if not cancelled:
                    cancelled = await self._cancel(execution_id)
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return
                continue
            # Its worker completes the activity, moments after the end; one that was terminated had no turn to do so.
            if over and await self._completed(execution_id, waiting):
                return
            over = await self._is_over(execution_id)

    async def _cancel(self, execution_id: str) -> bool:
        """Cancel the execution; whether that need not be tried again."""
        try:
            await self._executions.cancel(execution_id, _CANCELLED)
        except Refused as refused:
            log.info("execution not cancelled", execution_id=execution_id, why=refused.message)
            return False
        return True

    async def _is_over(self, execution_id: str) -> bool:
        try:
            return await (await self._executions.find(execution_id)).status() in ENDED
        except Refused:
            return False

    async def _completed(self, execution_id: str, waiting: Waiting) -> bool:
        try:
            state = await (await self._executions.find(execution_id)).state()
            await self._answers.give(waiting, state.snapshot)
        except Refused:
            return False
        except RPCError as error:
            return error.status is RPCStatusCode.NOT_FOUND
        return True
