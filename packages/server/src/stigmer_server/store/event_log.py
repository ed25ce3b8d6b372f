"""The event log of an execution: append-only, in order, each event once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any, Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import Connection
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import ExecutionPhase, WorkflowExecutionStatus
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowProgressEvent

from stigmer_server.reduction import is_terminal, phase_after, reduce
from stigmer_server.store.tables import events, executions
from stigmer_server.store.transaction import Transaction

_EVENTS_BETWEEN_SNAPSHOTS: Final = 32
_PAGE: Final = 500


class Verdict(Enum):
    """What became of an event."""

    STORED = auto()
    """It is part of the log now."""
    REPEATED = auto()
    """It was part of the log before."""
    AHEAD = auto()
    """It is kept, but those before it are missing."""
    TOO_LATE = auto()
    """The log has gone on without it, or the execution has ended."""
    UNKNOWN_EXECUTION = auto()
    """There is no such execution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """The verdict on an event, and the sequence number of the last event of the log."""

    verdict: Verdict
    last_sequence: int = 0


def append_event(transaction: Transaction, event: WorkflowProgressEvent) -> Appended:
    """Put the event into the log.

    The next event is appended. One ahead of a gap is kept aside; when it is sent once more the sender has nothing for
    the gap, so the log goes on behind it. An event for a closed gap, or after the end, is not taken.
    """
    connection = transaction.connection
    row = _locked(connection, event.workflow_execution_id)
    if row is None:
        return Appended(verdict=Verdict.UNKNOWN_EXECUTION)
    sequence, last = event.sequence_number, row.last_sequence
    known = sequence != last + 1 and _is_stored(connection, event.workflow_execution_id, sequence)
    if known and sequence <= last:
        return Appended(verdict=Verdict.REPEATED, last_sequence=last)
    if sequence <= last or is_terminal(ExecutionPhase(row.phase)):
        return Appended(verdict=Verdict.TOO_LATE, last_sequence=last)
    if not known:
        connection.execute(
            insert(events).values(execution_id=event.workflow_execution_id, sequence=sequence, body=bytes(event))
        )
        if sequence > last + 1:
            return Appended(verdict=Verdict.AHEAD, last_sequence=last)
    new_last = _advance(transaction, row, sequence)
    return Appended(verdict=Verdict.STORED, last_sequence=new_last)


def append_own_event(transaction: Transaction, event: WorkflowProgressEvent) -> bool:
    """Append an event that the server itself makes, behind everything it has; its sequence number is set here.

    False, and nothing happens, when the execution is unknown or has ended.
    """
    connection, execution_id = transaction.connection, event.workflow_execution_id
    row = _locked(connection, execution_id)
    if row is None or is_terminal(ExecutionPhase(row.phase)):
        return False
    highest = connection.execute(
        select(func.max(events.c.sequence)).where(events.c.execution_id == execution_id)
    ).scalar_one()
    sequence = max(highest or 0, row.last_sequence) + 1
    numbered = replace(event, sequence_number=sequence)
    connection.execute(insert(events).values(execution_id=execution_id, sequence=sequence, body=bytes(numbered)))
    _advance(transaction, row, sequence)
    return True


def events_after(
    connection: Connection, execution_id: str, sequence: int, limit: int = _PAGE
) -> Sequence[WorkflowProgressEvent]:
    """Events of the log with a higher sequence number, in order, at most `limit`; not those kept aside."""
    last = select(executions.c.last_sequence).where(executions.c.id == execution_id).scalar_subquery()
    rows = connection.execute(
        select(events.c.body)
        .where(events.c.execution_id == execution_id, events.c.sequence > sequence, events.c.sequence <= last)
        .order_by(events.c.sequence)
        .limit(limit)
    )
    return [WorkflowProgressEvent.parse(row.body) for row in rows]


def _locked(connection: Connection, execution_id: str) -> Any:
    columns = (
        executions.c.id,
        executions.c.phase,
        executions.c.last_sequence,
        executions.c.snapshot_sequence,
        executions.c.revision,
    )
    return connection.execute(select(*columns).where(executions.c.id == execution_id).with_for_update()).one_or_none()


def _is_stored(connection: Connection, execution_id: str, sequence: int) -> bool:
    found = select(events.c.sequence).where(events.c.execution_id == execution_id, events.c.sequence == sequence)
    return connection.execute(found).first() is not None


def _advance(transaction: Transaction, row: Any, to: int) -> int:
    """Let the log go on to `to` and to what follows it without a gap; the new last sequence number."""
    connection = transaction.connection
    added: list[WorkflowProgressEvent] = []
    last: int = row.last_sequence
    phase = ExecutionPhase(row.phase)
    waiting = connection.execute(
        select(events.c.sequence, events.c.body)
        .where(events.c.execution_id == row.id, events.c.sequence > row.last_sequence)
        .order_by(events.c.sequence)
    )
    for sequence, body in waiting:
        if (sequence > to and sequence != last + 1) or is_terminal(phase):
            break
        event = WorkflowProgressEvent.parse(body)
        added.append(event)
        last, phase = sequence, phase_after(phase, event)
    changes: dict[str, object] = {"last_sequence": last, "revision": row.revision + 1}
    if phase != row.phase or last - row.snapshot_sequence >= _EVENTS_BETWEEN_SNAPSHOTS:
        status = reduce(_status_before(connection, row), added)
        changes |= {"phase": int(phase), "snapshot": bytes(status), "snapshot_sequence": last}
    connection.execute(update(executions).where(executions.c.id == row.id).values(changes))
    transaction.changed(row.id)
    return last


def _status_before(connection: Connection, row: Any) -> WorkflowExecutionStatus:
    stored = connection.execute(select(executions.c.snapshot).where(executions.c.id == row.id)).scalar_one()
    status = WorkflowExecutionStatus.parse(stored)
    return reduce(status, tail(connection, row.id, row.snapshot_sequence, row.last_sequence))


def tail(connection: Connection, execution_id: str, after: int, to: int) -> list[WorkflowProgressEvent]:
    """The events between a snapshot and the end of the log."""
    if after >= to:
        return []
    rows = connection.execute(
        select(events.c.body)
        .where(events.c.execution_id == execution_id, events.c.sequence > after, events.c.sequence <= to)
        .order_by(events.c.sequence)
    )
    return [WorkflowProgressEvent.parse(row.body) for row in rows]
