"""Live progress on standard error, for people who watch."""

import time
from collections import OrderedDict
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text
from stigmer_engine import EventType, ProgressEvent, Status
from stigmer_ports.redaction import Redactor

_SHOWN_TASKS = 12
_MARKS = {
    Status.COMPLETED: ("✓", "green"),
    Status.FAILED: ("✗", "red"),
    Status.CANCELLED: ("■", "yellow"),
    Status.PAUSED: ("‖", "yellow"),
}


class LiveProgress:
    """Shows the newest tasks and the state of the workflow. A context manager; does nothing without a terminal."""

    def __init__(self, redactor: Redactor, *, wanted: bool) -> None:
        console = Console(stderr=True)
        self._redactor = redactor
        self._tasks: OrderedDict[str, RenderableType] = OrderedDict()
        self._title: RenderableType = Text("starting")
        self._started = time.monotonic()
        self._live = Live(console=console, refresh_per_second=8) if wanted and console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, event: ProgressEvent) -> None:
        """Take one event into the picture."""
        if self._live is None:
            return
        if event.task_reference:
            self._tasks.pop(event.task_reference, None)
            self._tasks[event.task_reference] = self._line(event, event.task_name)
            if len(self._tasks) > _SHOWN_TASKS:
                self._tasks.popitem(last=False)
        else:
            self._title = self._line(event, event.workflow_name)
        self._live.update(Group(self._title, *self._tasks.values()))

    def _line(self, event: ProgressEvent, name: str) -> RenderableType:
        seconds = time.monotonic() - self._started
        text = f"{'' if not event.task_reference else '  '}{name}  {self._detail(event)}  {seconds:.1f}s"
        if event.status not in _MARKS:
            return Spinner("dots", Text(text))
        mark, colour = ("-", "dim") if event.event_type is EventType.TASK_SKIPPED else _MARKS[event.status]
        return Text(f"{mark} {text}", style=colour)

    def _detail(self, event: ProgressEvent) -> str:
        detail = event.error.message if event.error else event.event_type.value.partition("_")[2]
        return self._redactor.text(detail if event.attempt <= 1 else f"{detail} (attempt {event.attempt})")
