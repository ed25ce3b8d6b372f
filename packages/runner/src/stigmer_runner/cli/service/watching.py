"""Shows a run while it goes on: a live picture on a terminal, lines elsewhere, both on standard error."""

import sys
from collections.abc import AsyncIterator
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    WorkflowExecution,
    WorkflowExecutionStatus,
    WorkflowTask,
)

from stigmer_runner.cli.run_picture import Row, RunPicture, Scene
from stigmer_runner.cli.service.client import ServiceClient
from stigmer_runner.cli.service.shapes import phase_name, task_status
from stigmer_runner.terminal_text import printable


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
        self._scene = Scene(Row(name="run", status="pending"))
        self._picture = RunPicture(console, lambda: self._scene)

    def __enter__(self) -> Self:
        self._picture.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._picture.__exit__()

    def show(self, execution: WorkflowExecution) -> None:
        """As `Picture.show`."""
        status = execution.status or WorkflowExecutionStatus()
        run = Row(
            name=execution.metadata.name if execution.metadata else "",
            status=phase_name(execution),
            detail=status.error,
            started_ms=_milliseconds(status.started_at),
            ended_ms=_milliseconds(status.completed_at),
        )
        self._scene = Scene(run, tuple(map(_row, status.tasks)))


def _row(task: WorkflowTask) -> Row:
    return Row(
        reference=task.task_id,
        name=task.task_name,
        status=task_status(task),
        detail=task.error,
        started_ms=_milliseconds(task.started_at),
        ended_ms=_milliseconds(task.completed_at),
    )


def _milliseconds(time: str) -> int | None:
    return round(datetime.fromisoformat(time).timestamp() * 1000) if time else None


def _say(text: str, error: str) -> None:
    print(printable(f"{text}: {error}" if error else text), file=sys.stderr, flush=True)
