"""One execution on Temporal, as the ports see it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Final

from stigmer_engine import ProgressEvent, Snapshot, Status
from stigmer_engine.runtimes.temporal import TemporalExecution
from stigmer_engine.runtimes.temporal.names import STATUS_QUERY
from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from stigmer_runner.durable.description import TASKS_MEMO, describe
from stigmer_runner.durable.hindrance import hindrance
from stigmer_runner.durable.outages import refusals
from stigmer_runner.executions.port import ExecutionState
from stigmer_runner.refusals import Reason, Refused

_TRIES: Final = 8
_TRIES_UNTIL_WHY: Final = 3
_BETWEEN_TRIES: Final = 0.25
_ANSWER_SECONDS: Final = 2.0
_QUIET_SECONDS: Final = 10.0
_QUICK: Final = timedelta(seconds=1)
_TOP_LEVEL: Final = 3  # slashes in `/do/0/name`
_NOT_PASSING: Final = frozenset({RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT})


class DurableExecution:
    """Knowing the id is enough: every call asks Temporal, and any runner of the namespace gives the same answer.

    Args:
        closing: ends every `follow`: this process goes, and whoever follows can do so elsewhere.
        new: whether it was started a moment ago, by this process.
    """

    def __init__(
        self, client: Client, execution: TemporalExecution, closing: asyncio.Event, *, new: bool = False
    ) -> None:
        self._client = client
        self._execution = execution
        self._closing = closing
        self._new = new

    @property
    def id(self) -> str:
        """The execution id."""
        return self._execution.id

    @property
    def temporal_workflow_id(self) -> str:
        """Its workflow id on Temporal."""
        return self._execution.workflow_id

    async def status(self) -> Status:
        """See `KnownExecution`. Answers soon, also without a worker: then one that is paused counts as running."""
        if self._new:
            return Status.PENDING
        with refusals(self.id):
            description = await describe(self._client, self.id)
        if description.ended:
            return description.status
        handle = self._client.get_workflow_handle(self.temporal_workflow_id)
        try:
            return Status(await handle.query(STATUS_QUERY, rpc_timeout=_QUICK))
        except (RPCError, WorkflowQueryFailedError):
            return description.status

    async def state(self) -> ExecutionState:
        """See `KnownExecution`."""
        with refusals(self.id):
            description = await describe(self._client, self.id)
            snapshot = await self._snapshot()
        seen = sum(reference.count("/") == _TOP_LEVEL for reference in snapshot.tasks)
        tasks = description.memo.get(TASKS_MEMO)
        return ExecutionState(
            snapshot=description.settled(snapshot),
            top_level_tasks=tasks if isinstance(tasks, int) else seen,
            parent_id=description.parent_id,
        )

    async def follow(self, after: int = 0) -> AsyncIterator[ProgressEvent]:
        """See `KnownExecution`."""
        with refusals(self.id):
            # Asked first: an id that nobody knows is refused before anything is sent.
            await describe(self._client, self.id)
            terminal = False
            async for event in _until(self._closing, self._execution.follow(after), quiet=self._refuse_if_stuck):
                terminal = event.terminal
                yield event
            if not terminal:
                description = await describe(self._client, self.id)
                last = description.last_event(await self._snapshot())
                if last is not None and last.sequence_number > after:
                    yield last

    async def _snapshot(self) -> Snapshot:
        """The snapshot that a worker gives; workers may need a moment to come. Raises Refused, RPCError."""
        for tries in range(_TRIES):
            if tries == _TRIES_UNTIL_WHY:
                await self._refuse_if_stuck()
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    return await self._execution.snapshot()
            except (TimeoutError, WorkflowQueryFailedError):
                pass
            except RPCError as error:
                if error.status in _NOT_PASSING:
                    raise
            await asyncio.sleep(_BETWEEN_TRIES)
        raise Refused(
            Reason.TEMPORAL_UNAVAILABLE,
            f"no runner could tell the state of execution {self.id!r}: none serves its task queue now; try again",
        )

    async def _refuse_if_stuck(self) -> None:
        """Raises Refused when workers have it, and cannot go on with it."""
        why = await hindrance(self._client, self.id)
        if why:
            raise Refused(
                Reason.EXECUTION_STUCK,
                f"execution {self.id!r} does not go on, and is tried again until it does: {why}",
            )


async def _until(
    closing: asyncio.Event, events: AsyncIterator[ProgressEvent], *, quiet: Callable[[], Awaitable[None]]
) -> AsyncIterator[ProgressEvent]:
    """The events, until this process closes. Raises Refused then, and what `quiet` raises when none comes for long."""
    over = asyncio.ensure_future(closing.wait())
    upcoming = asyncio.ensure_future(anext(events, None))
    try:
        while True:
            await asyncio.wait({upcoming, over}, timeout=_QUIET_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if not upcoming.done() and not over.done():
                await quiet()
                continue
            if not upcoming.done():
                raise Refused(
                    Reason.SHUTTING_DOWN,
                    "this runner is shutting down; the execution goes on, follow it with the same id elsewhere",
                )
            event = upcoming.result()
            if event is None:
                return
            yield event
            upcoming = asyncio.ensure_future(anext(events, None))
    finally:
        over.cancel()
        upcoming.cancel()
