"""Shows a run while it goes on: a live picture on a terminal, lines elsewhere, both on standard error."""

import sys
import time
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import WorkflowExecution, WorkflowTask

from stigmer_runner.cli.service.client import ServiceClient
from stigmer_runner.cli.service.shapes import phase_name, task_status
from stigmer_runner.terminal_text import printable

_SHOWN_TASKS: Final = 16
_MARKS: Final = {
    "completed": ("✓", "green"),
    "failed": ("✗", "red"),
    "cancelled": ("■", "yellow"),
    "paused": ("‖", "yellow"),
    "skipped": ("-", "dim"),
    "pending": ("·", "dim"),
}


class Picture(Protocol):
    """Takes each state of a run."""

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last state standing."""
        ...

    def show(self, execution: WorkflowExecution) -> None:
        """Take a state into the picture."""
        ...


async def watch(client: ServiceClient, execution_id: str, picture: Picture) -> WorkflowExecution:
    """Show a run until its end; its last state. Raises ServiceFailure."""
    last: WorkflowExecution | None = None
    with picture:
        states: AsyncIterator[WorkflowExecution] = client.follow(execution_id)
        async for execution in states:
            last = execution
            picture.show(execution)
    assert last is not None, "the first state comes before anything else"
    return last


def picture() -> Picture:
    """What fits standard error."""
    console = Console(stderr=True)
    return LivePicture(console) if console.is_terminal else Lines()


class NoPicture:
    """For who waits without looking."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def show(self, execution: WorkflowExecution) -> None:
        """As `Picture.show`."""


class Lines(NoPicture):
    """A line for each change of the run or of a task: what it is, its state, and an error."""

    def __init__(self) -> None:
        self._phase = ""
        self._tasks: dict[str, str] = {}

    def show(self, execution: WorkflowExecution) -> None:
        """As `Picture.show`."""
        for task in execution.status.tasks if execution.status else ():
            status = task_status(task)
            if self._tasks.get(task.task_id) != status:
                self._tasks[task.task_id] = status
                _say(f"{task.task_name} {status}", task.error)
        phase = phase_name(execution)
        if phase != self._phase:
            self._phase = phase
            error = execution.status.error if execution.status else ""
            _say(f"{execution.metadata.id if execution.metadata else ''} {phase}", error)


class LivePicture:
    """The newest tasks and the state of the run, drawn again and again."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=8)
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, execution: WorkflowExecution) -> None:
        """As `Picture.show`."""
        tasks = list(execution.status.tasks) if execution.status else []
        phase, seconds = phase_name(execution), time.monotonic() - self._started
        name = execution.metadata.name if execution.metadata else ""
        error = execution.status.error if execution.status else ""
        rows = [_row(f"{name}  {phase}  {seconds:.1f}s", phase, error)]
        if len(tasks) > _SHOWN_TASKS:
            rows.append(Text(f"  … {len(tasks) - _SHOWN_TASKS} tasks before", style="dim"))
        rows += [_task_row(task) for task in tasks[-_SHOWN_TASKS:]]
        self._live.update(Group(*rows))


def _task_row(task: WorkflowTask) -> RenderableType:
    status = task_status(task)
    return _row(f"  {task.task_name}  {status}", status, task.error)


def _row(text: str, status: str, error: str) -> RenderableType:
    said = printable(f"{text}  {error}" if error else text)
    if status not in _MARKS:
        return Spinner("dots", Text(said))
    mark, colour = _MARKS[status]
    return Text(f"{mark} {said}", style=colour)


def _say(text: str, error: str) -> None:
    print(printable(f"{text}: {error}" if error else text), file=sys.stderr, flush=True)
