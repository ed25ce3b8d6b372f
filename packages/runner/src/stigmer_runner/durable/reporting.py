"""Events of executions on Temporal, taken from their workers in batches: to the log and to the Stigmer service."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

from stigmer_callback.errors import ReportError
from stigmer_engine import ProgressEvent
from stigmer_ports.logs import get_logger
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ReportProgressResponse, WorkflowProgressEvent

from stigmer_runner.durable.rest import Rest
from stigmer_runner.messages import progress_message

log = get_logger(__name__)

_V = TypeVar("_V")

_BATCH_SECONDS: Final = 3.0
_LAST_TRIES: Final = 3
_REMEMBERED: Final = 10_000


class ReportingClient(Protocol):
    """What is needed of a `CallbackClient`."""

    async def report_progress(self, event: WorkflowProgressEvent) -> ReportProgressResponse:
        """Deliver one event once. Raises ReportError."""
        ...

    async def report_progress_with_retry(
        self, event: WorkflowProgressEvent, attempts: int = 3
    ) -> ReportProgressResponse:
        """Deliver one event by up to so many calls. Raises ReportError."""
        ...


class Lines(Protocol):
    """Where each new event is written down."""

    def write(self, event: ProgressEvent) -> None:
        """Take an event at once."""
        ...


class EventReporting:
    """The `EventReceiver` of a runner's worker.

    The execution waits for it, so it gives up soon: what was not taken comes again with the next batch, by whichever
    runner has the execution then. Only the last batch gets a whole cycle of tries. The receiver drops repeats by their
    sequence numbers. Nothing that the service does harms a run.
    """

    def __init__(self, client: ReportingClient, lines: Lines) -> None:
        self._client = client
        self._lines = lines
        self._rest = Rest()
        self._written: OrderedDict[str, int] = OrderedDict()
        self._warned: OrderedDict[str, None] = OrderedDict()

    async def deliver(self, events: Sequence[ProgressEvent], *, last: bool) -> int:
        """See `EventReceiver`."""
        self._write(events)
        if last:
            return await self._last(events)
        return 0 if self._rest.resting else await self._batch(events)

    async def _batch(self, events: Sequence[ProgressEvent]) -> int:
        through = 0
        try:
            async with asyncio.timeout(_BATCH_SECONDS):
                for event in events:
                    await self._report(event, tries=1)
                    through = event.sequence_number
        except TimeoutError:
            if not through:
                self._rest.missed()
                self._warn(events[0], "it does not answer in time")
        except ReportError as error:
            self._warn(events[0], str(error))
        return through

    async def _last(self, events: Sequence[ProgressEvent]) -> int:
        through = 0
        try:
            for event in events:
                await self._report(event, tries=_LAST_TRIES)
                through = event.sequence_number
        except ReportError as error:
            log.warning(
                "the last events could not be reported",
                execution_id=events[0].workflow_execution_id,
                sequence_number=(through or events[0].sequence_number - 1) + 1,
                why=str(error),
            )
        return through

    async def _report(self, event: ProgressEvent, *, tries: int) -> None:
        """Deliver it, or let it go when the service has said no to this very event. Raises ReportError."""
        message = progress_message(event)
        try:
            if tries > 1:
                await self._client.report_progress_with_retry(message, tries)
            else:
                await self._client.report_progress(message)
        except ReportError as error:
            if not (error.retryable or error.endpoint_wide):
                self._rest.reached()
                log.warning(
                    "an event is given up",
                    execution_id=event.workflow_execution_id,
                    sequence_number=event.sequence_number,
                    why=str(error),
                )
                return
            if not error.answered or error.endpoint_wide:
                self._rest.missed()
            raise
        self._rest.reached()

    def _write(self, events: Sequence[ProgressEvent]) -> None:
        """Log what is new: a batch that was not taken comes again."""
        execution_id = events[0].workflow_execution_id
        seen = self._written.pop(execution_id, 0)
        for event in events:
            if event.sequence_number > seen:
                self._lines.write(event)
                seen = event.sequence_number
        _remember(self._written, execution_id, seen)

    def _warn(self, event: ProgressEvent, why: str) -> None:
        """Tell it once for each execution."""
        execution_id = event.workflow_execution_id
        if execution_id not in self._warned:
            log.warning("events could not be reported yet; they come again", execution_id=execution_id, why=why)
        _remember(self._warned, execution_id, None)


def _remember(known: "OrderedDict[str, _V]", execution_id: str, value: _V) -> None:
    known[execution_id] = value
    known.move_to_end(execution_id)
    while len(known) > _REMEMBERED:
        known.popitem(last=False)
