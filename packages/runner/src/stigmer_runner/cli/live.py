"""Live progress on standard error, for people who watch."""

from types import TracebackType
from typing import Final, Self

from rich.console import Console
from stigmer_engine import EventType, ProgressEvent, Status
from stigmer_ports.redaction import Redactor

from stigmer_runner.cli.run_picture import Row, RunPicture, Scene

_ENDED: Final = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})


class LiveProgress:
    """Shows the newest tasks and the state of the workflow. A context manager; does nothing without a terminal."""

    def __init__(self, redactor: Redactor, *, wanted: bool) -> None:
        console = Console(stderr=True)
        self._redactor = redactor
        self._scene = Scene(Row(name="workflow", status="starting"))
        self._picture = RunPicture(console, lambda: self._scene) if wanted and console.is_terminal else None

    def __enter__(self) -> Self:
        if self._picture is not None:
            self._picture.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._picture is not None:
            self._picture.__exit__()

    def show(self, event: ProgressEvent) -> None:
        """Take one event into the picture."""
        if self._picture is None:
            return
        row = Row(
            reference=event.task_reference,
            name=event.task_name if event.task_reference else event.workflow_name,
            status="skipped" if event.event_type is EventType.TASK_SKIPPED else event.status.value,
            detail=self._detail(event),
            started_ms=self._started(event),
            ended_ms=event.timestamp_ms if event.status in _ENDED else None,
        )
        self._scene = self._scene.with_task(row) if event.task_reference else Scene(row, self._scene.tasks)

    def _started(self, event: ProgressEvent) -> int | None:
        if event.event_type in (EventType.WORKFLOW_STARTED, EventType.TASK_STARTED):
            return event.timestamp_ms
        return None if event.task_reference else self._scene.run.started_ms

    def _detail(self, event: ProgressEvent) -> str:
        detail = event.error.message if event.error else ""
        if event.attempt > 1:
            detail = f"attempt {event.attempt}  {detail}"
        return self._redactor.text(detail)
