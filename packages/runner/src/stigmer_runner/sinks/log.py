"""Writes the life of every run to the process log."""

import logging

from stigmer_engine import EventType, ProgressEvent
from stigmer_ports.logs import get_logger

from stigmer_runner.executions import Run
from stigmer_runner.sinks.followers import Followers


class EventLogLines:
    """Starts and ends at `info`, failures at `warning`, tasks at `debug`."""

    def __init__(self) -> None:
        self._log = get_logger(__name__)

    def write(self, event: ProgressEvent, *, debug: bool = False) -> None:
        """Log an event; with `debug` at `info` and with its payload, which holds no secrets."""
        level = _level(event, debug=debug)
        if not self._log.isEnabledFor(level):
            return
        fields = {name: value for name, value in event.to_json().items() if value and name not in _LEFT_OUT}
        if not debug:
            fields.pop("payload", None)
        fields["execution_id"] = fields.pop("workflow_execution_id")
        self._log.log(level, str(event.event_type), **fields)


class LogSink:
    """Logs the events of every run; those of one with `debug_enabled` in full."""

    def __init__(self) -> None:
        self._lines = EventLogLines()
        self._followers = Followers("log")

    def attach(self, run: Run) -> None:
        """Log this run."""
        self._followers.follow(run, lambda event: self._lines.write(event, debug=run.debug))


def _level(event: ProgressEvent, *, debug: bool) -> int:
    if event.event_type in (EventType.WORKFLOW_FAILED, EventType.TASK_FAILED):
        return logging.WARNING
    return logging.INFO if debug or not event.task_reference else logging.DEBUG


_LEFT_OUT = frozenset({"event_type", "timestamp_ms"})
