"""Reports events to the Stigmer service, beside the run and never in its way."""

from stigmer_callback import ProgressReporter

from stigmer_runner.executions import Run
from stigmer_runner.messages import progress_message
from stigmer_runner.sinks.followers import Followers

_SETTLE_SECONDS = 2.0


class CallbackSink:
    """Hands the events of every run to a `ProgressReporter`, which owns buffering, order, retry and give-up."""

    def __init__(self, reporter: ProgressReporter) -> None:
        self._reporter = reporter
        self._followers = Followers("callback")

    def attach(self, run: Run) -> None:
        """Report this run."""
        self._followers.follow(run, lambda event: self._reporter.offer(progress_message(event)))

    async def settle(self) -> None:
        """Let the reporter have the last events of runs that have ended; call before closing the reporter."""
        await self._followers.settle(_SETTLE_SECONDS)
