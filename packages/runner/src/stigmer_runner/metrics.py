"""What the runner counts; docs/runner.md has the table. Labels have few values: never a name, an id or a text."""

from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import Final

from prometheus_client import Counter, Gauge, Histogram
from stigmer_engine import EventType, ProgressEvent, Status
from stigmer_ports.http_port.metrics import service_registry

from stigmer_runner.config import ExecutionMode
from stigmer_runner.executions import Run

_ENDED: Final = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)
_TASK_EVENTS: Final = (
    EventType.TASK_STARTED,
    EventType.TASK_COMPLETED,
    EventType.TASK_FAILED,
    EventType.TASK_RETRY,
    EventType.TASK_SKIPPED,
)
_SECONDS: Final = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 3600, 86_400, 604_800)
_REMEMBERED: Final = 10_000


class RunnerMetrics:
    """Counts the events of executions, each to be taken once, and the calls that report them."""

    def __init__(self, mode: ExecutionMode) -> None:
        """Everything starts at 0. `mode` is a label of what is told of executions."""
        self.registry = service_registry("stigmer-runner")
        self._mode = str(mode)
        self._started = Counter(
            "stigmer_runner_executions_started", "Executions started.", ["mode"], registry=self.registry
        ).labels(self._mode)
        self._ended = Counter(
            "stigmer_runner_executions_ended", "Executions ended.", ["mode", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "stigmer_runner_execution_seconds",
            "Seconds from start to end of an execution.",
            ["mode", "status"],
            registry=self.registry,
            buckets=_SECONDS,
        )
        self._tasks = Counter(
            "stigmer_runner_task_events", "Events of tasks.", ["mode", "type"], registry=self.registry
        )
        self._callbacks = Counter(
            "stigmer_runner_callbacks", "Events offered to the Stigmer service.", ["outcome"], registry=self.registry
        )
        self._since: OrderedDict[str, int] = OrderedDict()
        for status in _ENDED:
            self._ended.labels(self._mode, str(status))
        for event_type in _TASK_EVENTS:
            self._tasks.labels(self._mode, str(event_type))
        for delivered in (True, False):
            self._callbacks.labels(_outcome(delivered=delivered))

    def take(self, event: ProgressEvent) -> None:
        """Count an event."""
        if event.event_type in _TASK_EVENTS:
            self._tasks.labels(self._mode, str(event.event_type)).inc()
        elif event.event_type is EventType.WORKFLOW_STARTED:
            self._started.inc()
            self._since[event.workflow_execution_id] = event.timestamp_ms
            if len(self._since) > _REMEMBERED:
                self._since.popitem(last=False)
        elif event.terminal:
            self._end(event)

    def called_back(self, *, delivered: bool) -> None:
        """Count an event that was, or was not, delivered to the Stigmer service."""
        self._callbacks.labels(_outcome(delivered=delivered)).inc()

    def watch(self, active: Callable[[], Collection[Run]]) -> None:
        """Tell how many executions are in this process, looked at whenever somebody asks."""
        found = Gauge(
            "stigmer_runner_executions_active",
            "Executions in this process now.",
            ["mode", "status"],
            registry=self.registry,
        )
        paused = found.labels(self._mode, str(Status.PAUSED))
        paused.set_function(lambda: sum(run.status_now is Status.PAUSED for run in active()))
        running = found.labels(self._mode, str(Status.RUNNING))
        running.set_function(lambda: sum(run.status_now is not Status.PAUSED for run in active()))

    def _end(self, event: ProgressEvent) -> None:
        self._ended.labels(self._mode, str(event.status)).inc()
        since = self._since.pop(event.workflow_execution_id, None)
        if since is not None:
            seconds = max(event.timestamp_ms - since, 0) / 1000
            self._seconds.labels(self._mode, str(event.status)).observe(seconds)


def _outcome(*, delivered: bool) -> str:
    return "delivered" if delivered else "failed"
