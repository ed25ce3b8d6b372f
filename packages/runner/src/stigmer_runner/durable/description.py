"""What Temporal itself tells of an execution, whether or not a worker is there to be asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from stigmer_dsl import JsonValue
from stigmer_engine import EventError, EventType, ProgressEvent, Snapshot, Status
from stigmer_engine.runtimes.temporal import workflow_id
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus

from stigmer_runner.durable.fingerprint import MEMO

ENDED: Final = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})
TASKS_MEMO: Final = "stigmer-top-level-tasks"
_PREFIX: Final = workflow_id("")

_STATUS: Final = {
    WorkflowExecutionStatus.COMPLETED: Status.COMPLETED,
    WorkflowExecutionStatus.FAILED: Status.FAILED,
    WorkflowExecutionStatus.TIMED_OUT: Status.FAILED,
    WorkflowExecutionStatus.CANCELED: Status.CANCELLED,
    WorkflowExecutionStatus.TERMINATED: Status.CANCELLED,
}
_FROM_OUTSIDE: Final = {
    WorkflowExecutionStatus.TERMINATED: "Workflow terminated on Temporal",
    WorkflowExecutionStatus.TIMED_OUT: "Workflow timed out on Temporal",
    WorkflowExecutionStatus.FAILED: "Workflow failed on Temporal before it could begin",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """One execution as Temporal lists it.

    `status` is `running` as long as it is open: whether it is paused, only a worker knows. `message` tells how it was
    ended from outside, if it was. `memo` is what the runner that started it wrote down; a sub-workflow has none.
    `parent_id` is the execution that it is a sub-workflow of, else empty.
    """

    status: Status
    message: str = ""
    closed_at_ms: int = 0
    parent_id: str = ""
    memo: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.status in ENDED

    @property
    def fingerprint(self) -> str:
        """That of the request which started it; empty when it was not started by one."""
        return str(self.memo.get(MEMO, ""))

    def settled(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot of its last worker, ended as Temporal says when no worker had a turn to end it."""
        event = self.last_event(snapshot)
        if event is None:
            return snapshot
        return replace(
            snapshot,
            status=event.status,
            message=event.message,
            sequence_number=event.sequence_number,
            updated_at_ms=event.timestamp_ms,
            completed_at_ms=event.timestamp_ms,
            error=event.error,
        )

    def last_event(self, snapshot: Snapshot) -> ProgressEvent | None:
        """The terminal event that an execution ended from outside could not report: the same, whoever makes it up."""
        if not self.ended or snapshot.status in ENDED:
            return None
        failed = self.status is Status.FAILED
        return ProgressEvent(
            workflow_execution_id=snapshot.execution_id,
            event_type=EventType.WORKFLOW_FAILED if failed else EventType.WORKFLOW_CANCELLED,
            workflow_name=snapshot.workflow_name,
            status=self.status,
            message=self.message,
            timestamp_ms=self.closed_at_ms,
            sequence_number=snapshot.sequence_number + 1,
            error=EventError(code="EXECUTION_ERROR", message=self.message) if failed else None,
        )


async def describe(client: Client, execution_id: str) -> Description:
    """Ask Temporal. Raises RPCError."""
    found = await client.get_workflow_handle(workflow_id(execution_id)).describe()
    return await described(found)


async def described(found: WorkflowExecutionDescription) -> Description:
    """The parts of Temporal's answer that the runner shows."""
    state = found.status
    assert state is not None
    parent = found.parent_id or ""
    return Description(
        status=_STATUS.get(state, Status.RUNNING),
        message=_FROM_OUTSIDE.get(state, ""),
        closed_at_ms=_milliseconds(found.close_time),
        # A parent of another type is no execution of documents.
        parent_id=parent.removeprefix(_PREFIX) if parent.startswith(_PREFIX) else "",
        memo=await found.memo(),
    )


def _milliseconds(time: datetime | None) -> int:
    return round(time.timestamp() * 1000) if time is not None else 0
