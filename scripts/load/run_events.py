"""The events of one run of `set` tasks, as a real runner reports them."""

from dataclasses import dataclass
from typing import Any, Final

_BEGINNING: Final = ("workflow_started", "workflow_validating", "workflow_validated")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEvent:
    """One event without what differs from run to run: the id of the execution and the time."""

    sequence: int
    kind: str
    status: str = "running"
    task: str = ""
    reference: str = ""
    progress: int = 0
    payload: tuple[tuple[str, str], ...] = ()

    def fields(self) -> dict[str, Any]:
        """The fields of a `WorkflowProgressEvent`, in the names of protojson."""
        told: dict[str, Any] = {
            "eventType": self.kind,
            "workflowName": "load",
            "status": self.status,
            "sequenceNumber": self.sequence,
        }
        if self.task:
            told |= {
                "taskName": self.task,
                "taskReference": self.reference,
                "taskProgress": self.progress,
                "attempt": 1,
            }
        if self.payload:
            told["payload"] = {key: {"text": value} for key, value in self.payload}
        return told


def events_of_run(tasks: int) -> tuple[RunEvent, ...]:
    """Three events at the beginning, two for each task, and one at the end."""
    events = [RunEvent(sequence=number, kind=kind) for number, kind in enumerate(_BEGINNING, 1)]
    for number in range(tasks):
        task, reference = f"t{number}", f"/do/{number}/t{number}"
        begun = RunEvent(
            sequence=len(events) + 1,
            kind="task_started",
            task=task,
            reference=reference,
            payload=(("input", f"what task {number} is given"),),
        )
        done = RunEvent(
            sequence=len(events) + 2,
            kind="task_completed",
            status="completed",
            task=task,
            reference=reference,
            progress=100,
            payload=(("output", f"what task {number} gives"),),
        )
        events += [begun, done]
    last = RunEvent(
        sequence=len(events) + 1, kind="workflow_completed", status="completed", payload=(("output", "the result"),)
    )
    return (*events, last)
