"""What runners report: events by `ReportProgress`, whole statuses by `updateStatus`."""

from stigmer_ports.logs import get_logger
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    WorkflowExecution,
    WorkflowExecutionStatus,
    WorkflowExecutionUpdateStatusInput,
)
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ReportProgressResponse, WorkflowProgressEvent

from stigmer_server.access import Caller
from stigmer_server.executions.children import adopt_child
from stigmer_server.executions.finite import finite, finite_status
from stigmer_server.executions.secrets import show_execution
from stigmer_server.reduction import merge_report
from stigmer_server.refusals import Reason, Refused
from stigmer_server.resources.audit import status_updated
from stigmer_server.resources.metadata import check_defined, invalid
from stigmer_server.store.database import Database
from stigmer_server.store.event_log import Appended, Verdict, append_event
from stigmer_server.store.executions import read_execution, replace_status
from stigmer_server.store.transaction import Transaction
from stigmer_server.timestamps import now_ms
from stigmer_server.vault import KeyRing

log = get_logger(__name__)


class ProgressReports:
    """Takes reports. What is acknowledged is on disk; what comes twice counts once."""

    def __init__(self, database: Database, ring: KeyRing) -> None:
        self._database = database
        self._ring = ring

    async def report(self, event: WorkflowProgressEvent) -> ReportProgressResponse:
        """Put the event into the log. One that tells no time has that of its arrival.

        Raises Refused: INVALID_REQUEST, NOT_FOUND, or EVENTS_MISSING for one ahead of a gap, once: a sender that has
        nothing for the gap sends it again, and the log goes on behind the gap. `success` is false for an event that
        comes after the end or for a closed gap.
        """
        _check(event)
        event.payload = finite(event.payload)
        event.timestamp_ms = event.timestamp_ms or now_ms()

        def work(transaction: Transaction) -> Appended:
            appended = append_event(transaction, event)
            if appended.verdict is Verdict.UNKNOWN_EXECUTION and adopt_child(transaction, event):
                return append_event(transaction, event)
            return appended

        appended = await self._database.write(work)
        match appended.verdict:
            case Verdict.UNKNOWN_EXECUTION:
                raise Refused(Reason.NOT_FOUND, f"there is no execution {event.workflow_execution_id!r}")
            case Verdict.AHEAD:
                last = appended.last_sequence
                raise Refused(
                    Reason.EVENTS_MISSING,
                    f"event {event.sequence_number} is kept, but those from {last + 1} on are missing: send them, or "
                    "this one again when they are lost",
                    facts={"last_sequence": str(last)},
                )
            case Verdict.TOO_LATE:
                log.warning(
                    "an event came too late",
                    execution_id=event.workflow_execution_id,
                    sequence=event.sequence_number,
                    last_sequence=appended.last_sequence,
                )
                return ReportProgressResponse(success=False)
            case _:
                return ReportProgressResponse(success=True)

    async def update_status(self, request: WorkflowExecutionUpdateStatusInput, caller: Caller) -> WorkflowExecution:
        """Merge a reported status. Raises Refused: INVALID_REQUEST, INVALID_TRANSITION, NOT_FOUND."""
        if not request.execution_id:
            raise invalid("execution_id", "is missing")
        reported = request.status
        if reported is None:
            raise invalid("status", "is missing")
        _check_status(reported)
        reported = finite_status(reported)

        def work(transaction: Transaction) -> WorkflowExecution:
            stored = read_execution(transaction.connection, request.execution_id, lock=True)
            if stored is None:
                raise Refused(Reason.NOT_FOUND, f"there is no execution {request.execution_id!r}")
            at = now_ms()
            merged = merge_report(stored.status, reported, stored.task_types, now_ms=at)
            if bytes(merged) != bytes(stored.status):
                merged.audit = status_updated(stored.status.audit, caller, at)
                replace_status(transaction, stored, merged)
            stored.execution.status = merged
            return show_execution(transaction.connection, self._ring, stored.execution, caller)

        return await self._database.write(work)


def _check(event: WorkflowProgressEvent) -> None:
    if not event.workflow_execution_id:
        raise invalid("workflow_execution_id", "is missing")
    if event.sequence_number < 1:
        raise invalid("sequence_number", f"must count from 1, not {event.sequence_number}")
    if not 0 <= event.task_progress <= 100:
        raise invalid("task_progress", f"must be 0 to 100, not {event.task_progress}")


def _check_status(status: WorkflowExecutionStatus) -> None:
    check_defined("status.phase", status.phase)
    for index, task in enumerate(status.tasks):
        check_defined(f"status.tasks[{index}].status", task.status)
        check_defined(f"status.tasks[{index}].task_type", task.task_type)
