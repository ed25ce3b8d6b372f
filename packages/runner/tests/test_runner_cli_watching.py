"""How a run looks while it is watched."""

import io

import pytest
from rich.console import Console
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    ExecutionPhase,
    WorkflowExecution,
    WorkflowExecutionStatus,
    WorkflowTask,
    WorkflowTaskStatus,
)
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceMetadata
from stigmer_runner.cli.service.watching import Lines, LivePicture


def state(phase: ExecutionPhase, *tasks: tuple[str, WorkflowTaskStatus], error: str = "") -> WorkflowExecution:
    return WorkflowExecution(
        metadata=ApiResourceMetadata(id="wex-1", name="parcel"),
        status=WorkflowExecutionStatus(
            phase=phase,
            error=error,
            tasks=[WorkflowTask(task_id=f"/do/{name}", task_name=name, status=status) for name, status in tasks],
        ),
    )


RUNNING = WorkflowTaskStatus.WORKFLOW_TASK_IN_PROGRESS
DONE = WorkflowTaskStatus.WORKFLOW_TASK_COMPLETED
STATES = (
    state(ExecutionPhase.EXECUTION_PENDING),
    state(ExecutionPhase.EXECUTION_IN_PROGRESS, ("pack", RUNNING)),
    state(ExecutionPhase.EXECUTION_IN_PROGRESS, ("pack", DONE), ("send", RUNNING)),
    state(ExecutionPhase.EXECUTION_FAILED, ("pack", DONE), ("send", RUNNING), error="no \x1b[31mroad"),
)


def test_lines_tell_each_change_once(capsys: pytest.CaptureFixture[str]) -> None:
    with Lines() as lines:
        for one in STATES:
            lines.show(one)
            lines.show(one)
    assert capsys.readouterr().err.splitlines() == [
        "wex-1 pending",
        "pack running",
        "wex-1 running",
        "pack completed",
        "send running",
        "wex-1 failed: no  [31mroad",
    ]


def test_the_picture_ends_with_the_last_state_and_escapes_nothing_to_the_terminal() -> None:
    screen = io.StringIO()
    with LivePicture(Console(file=screen, force_terminal=True, width=80, color_system=None)) as picture:
        for one in STATES:
            picture.show(one)
    last = screen.getvalue().rpartition("parcel")[2]
    assert "failed" in last
    assert "no  [31mroad" in last
    assert "✓ pack" in last


def test_only_the_newest_of_many_tasks_are_drawn() -> None:
    screen = io.StringIO()
    many = [(f"task-{number}", DONE) for number in range(40)]
    with LivePicture(Console(file=screen, force_terminal=True, width=80, height=60, color_system=None)) as picture:
        picture.show(state(ExecutionPhase.EXECUTION_COMPLETED, *many))
    last = screen.getvalue().rpartition("parcel")[2]
    assert "24 tasks before" in last
    assert "task-23" not in last
    assert "task-39" in last
