"""Writes the life of every run to the process log."""

from stigmer_engine import ProgressEvent

from stigmer_runner.executions import Run
from stigmer_runner.logs import get_logger
from stigmer_runner.sinks.followers import Followers


class LogSink:
    """Starts and ends at `info`, failures at `warning`, tasks at `debug`.

    A run with `debug_enabled` logs everything at `info`, payloads included; they hold no secrets.
    """

    def __init__(self) -> None:
        self._log = get_logger(__name__)
        self._followers = Followers("log")

    def attach(self, run: Run) -> None:
        """Log this run."""
        self._followers.follow(run, lambda event: self._write(event, debug=run.debug))

    def _write(self, event: ProgressEvent, *, debug: bool) -> None:
        fields = {name: value for name, value in event.to_json().items() if value and name not in _LEFT_OUT}
        if not debug:
            fields.pop("payload", None)
        fields["execution_id"] = fields.pop("workflow_execution_id")
        if event.event_type.value.endswith("_failed"):
            write = self._log.warning
        elif debug or event.event_type.value.startswith("workflow_"):
            write = self._log.info
        else:
            write = self._log.debug
        write(str(event.event_type), **fields)


_LEFT_OUT = frozenset({"event_type", "timestamp_ms"})
