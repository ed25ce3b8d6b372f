"""Counts events and their delivery, where somebody can ask for the numbers."""

from collections.abc import Iterator
from contextlib import contextmanager

from stigmer_callback import CallbackClient
from stigmer_engine import ProgressEvent
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ReportProgressResponse, WorkflowProgressEvent

from stigmer_runner.executions import Run
from stigmer_runner.metrics import RunnerMetrics
from stigmer_runner.sinks.followers import Followers
from stigmer_runner.sinks.log import EventLogLines


class MetricsSink:
    """Counts the events of every run."""

    def __init__(self, metrics: RunnerMetrics) -> None:
        self._metrics = metrics
        self._followers = Followers("metrics")

    def attach(self, run: Run) -> None:
        """Count this run."""
        self._followers.follow(run, self._metrics.take)


class CountedLines:
    """Log lines of events, each counted as it is written."""

    def __init__(self, lines: EventLogLines, metrics: RunnerMetrics) -> None:
        self._lines = lines
        self._metrics = metrics

    def write(self, event: ProgressEvent) -> None:
        """Take an event at once."""
        self._metrics.take(event)
        self._lines.write(event)


class CountedCallback:
    """A client of the Stigmer service whose deliveries are counted; several tries for one event count once."""

    def __init__(self, client: CallbackClient, metrics: RunnerMetrics) -> None:
        self._client = client
        self._metrics = metrics

    async def report_progress(self, event: WorkflowProgressEvent) -> ReportProgressResponse:
        """As `CallbackClient`."""
        with self._counted():
            return await self._client.report_progress(event)

    async def report_progress_with_retry(
        self, event: WorkflowProgressEvent, attempts: int = 3
    ) -> ReportProgressResponse:
        """As `CallbackClient`."""
        with self._counted():
            return await self._client.report_progress_with_retry(event, attempts)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        delivered = False
        try:
            yield
            delivered = True
        finally:
            self._metrics.called_back(delivered=delivered)
