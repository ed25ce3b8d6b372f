"""The event log of an execution: append-only, in order, each event once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any, Final

from sqlalchemy import BindParameter, Select, bindparam, func, insert, select, update
from sqlalchemy.engine import Connection
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import ExecutionPhase, WorkflowExecutionStatus
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowProgressEvent

from stigmer_server.reduction import is_terminal, phase_after, reduce, task_types
from stigmer_server.store.tables import events, executions
from stigmer_server.store.transaction import Transaction

_EVENTS_BETWEEN_SNAPSHOTS: Final = 32
_PAGE: Final = 500
_PAGE_BYTES: Final = 4 * 1024 * 1024


# Made once: these run for every event.
_LOCK: Final = (
    select(
        executions.c.id,
        executions.c.phase,
        executions.c.last_sequence,
        executions.c.snapshot_sequence,
        executions.c.revision,
    )
    .where(executions.c.id == bindparam("id"))
    .with_for_update()
)
# Not part of the statement above: what that one had to wait for is seen by the next statement only (PostgreSQL).
_LAST: Final = (
    select(events.c.sequence)
    .where(events.c.execution_id == bindparam("id"))
    .order_by(events.c.sequence.desc())
    .limit(1)
)
_ONE: Final = select(events.c.sequence).where(
    events.c.execution_id == bindparam("id"), events.c.sequence == bindparam("sequence")
)
_END: Final = select(executions.c.phase, executions.c.last_sequence).where(executions.c.id == bindparam("id"))
_SNAPSHOT: Final = select(executions.c.snapshot, executions.c.task_types).where(executions.c.id == bindparam("id"))
_INSERT: Final = insert(events)
_ADVANCE: Final = (
    update(executions)
    .where(executions.c.id == bindparam("changed_id"))
    .values(last_sequence=bindparam("last"), revision=executions.c.revision + 1)
)


def _after() -> Select[Any]:
    """The bodies of a page of events: sizes are looked at first, so that no more is read than is wanted."""
    execution_id: BindParameter[str] = bindparam("id")
    last = select(executions.c.last_sequence).where(executions.c.id == execution_id).scalar_subquery()
    after = (events.c.execution_id == execution_id, events.c.sequence > bindparam("after"), events.c.sequence <= last)
    sizes = (
        select(events.c.sequence, func.length(events.c.body).label("size"))
        .where(*after)
        .order_by(events.c.sequence)
        .limit(bindparam("limit"))
        .subquery()
    )
    before = func.sum(sizes.c.size).over(order_by=sizes.c.sequence) - sizes.c.size
    page = select(sizes.c.sequence, before.label("before")).subquery()
    return (
        select(events.c.body)
        .join(page, page.c.sequence == events.c.sequence)
        .where(events.c.execution_id == execution_id, page.c.before < _PAGE_BYTES)
        .order_by(events.c.sequence)
    )


_AFTER: Final = _after()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """Some events in order, whether there are more already, and whether there will never be more."""

    events: Sequence[WorkflowProgressEvent]
    more: bool
    ended: bool


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
        _insert(connection, event)
        if sequence > last + 1:
            return Appended(verdict=Verdict.AHEAD, last_sequence=last)
    alone = sequence == last + 1 and _highest(connection, event.workflow_execution_id) == sequence
    new_last = _advance(transaction, row, [event] if alone else _waiting(connection, row), sequence)
    return Appended(verdict=Verdict.STORED, last_sequence=new_last)


def append_own_event(transaction: Transaction, event: WorkflowProgressEvent) -> bool:
    """Append an event that the server itself makes, behind everything it has; its sequence number is set here.

    False, and nothing happens, when the execution is unknown or has ended.
    """
    connection, execution_id = transaction.connection, event.workflow_execution_id
    row = _locked(connection, execution_id)
    if row is None or is_terminal(ExecutionPhase(row.phase)):
        return False
    sequence = max(_highest(connection, execution_id), row.last_sequence) + 1
    numbered = replace(event, sequence_number=sequence)
    _insert(connection, numbered)
    _advance(transaction, row, _waiting(connection, row), sequence)
    return True


def events_after(
    connection: Connection, execution_id: str, sequence: int, limit: int = _PAGE
) -> Sequence[WorkflowProgressEvent]:
    """Events of the log with a higher sequence number, in order, at most `limit`; not those kept aside.

    There are fewer when these are large: only the first may go beyond 4 MiB in all.
    """
    rows = connection.execute(_AFTER, {"id": execution_id, "after": sequence, "limit": limit})
    return [WorkflowProgressEvent.parse(row.body) for row in rows]


def page_after(connection: Connection, execution_id: str, sequence: int, limit: int = _PAGE) -> LogPage | None:
    """The page of the log behind a sequence number, or None when there is no such execution."""
    row = connection.execute(_END, {"id": execution_id}).one_or_none()
    if row is None:
        return None
    found = events_after(connection, execution_id, sequence, limit) if sequence < row.last_sequence else ()
    reached = found[-1].sequence_number if found else sequence
    terminal = is_terminal(ExecutionPhase(row.phase))
    return LogPage(events=found, more=reached < row.last_sequence, ended=terminal and reached >= row.last_sequence)


def tails(connection: Connection, execution_ids: Sequence[str]) -> Mapping[str, list[WorkflowProgressEvent]]:
    """The events between snapshot and end of the log of each of these executions that has some."""
    found: dict[str, list[WorkflowProgressEvent]] = {}
    query = (
        select(events.c.execution_id, events.c.body)
        .join(executions, executions.c.id == events.c.execution_id)
        .where(
            executions.c.id.in_(execution_ids),
            events.c.sequence > executions.c.snapshot_sequence,
            events.c.sequence <= executions.c.last_sequence,
        )
        .order_by(events.c.execution_id, events.c.sequence)
    )
    for row in connection.execute(query) if execution_ids else ():
        found.setdefault(row.execution_id, []).append(WorkflowProgressEvent.parse(row.body))
    return found


def _locked(connection: Connection, execution_id: str) -> Any:
    return connection.execute(_LOCK, {"id": execution_id}).one_or_none()


def _is_stored(connection: Connection, execution_id: str, sequence: int) -> bool:
    return connection.execute(_ONE, {"id": execution_id, "sequence": sequence}).first() is not None


def _highest(connection: Connection, execution_id: str) -> int:
    """The highest sequence number stored, whether its turn has come or not; 0 when there is none."""
    return connection.execute(_LAST, {"id": execution_id}).scalar() or 0


def _insert(connection: Connection, event: WorkflowProgressEvent) -> None:
    row = {"execution_id": event.workflow_execution_id, "sequence": event.sequence_number, "body": bytes(event)}
    connection.execute(_INSERT, row)


def _waiting(connection: Connection, row: Any) -> list[WorkflowProgressEvent]:
    """The stored events behind the end of the log, in order."""
    rows = connection.execute(
        select(events.c.body)
        .where(events.c.execution_id == row.id, events.c.sequence > row.last_sequence)
        .order_by(events.c.sequence)
    )
    return [WorkflowProgressEvent.parse(waiting.body) for waiting in rows]


def _advance(transaction: Transaction, row: Any, waiting: list[WorkflowProgressEvent], to: int) -> int:
    """Let the log go on to `to` and to what follows it without a gap; the new last sequence number."""
    connection = transaction.connection
    added: list[WorkflowProgressEvent] = []
    last: int = row.last_sequence
    phase = ExecutionPhase(row.phase)
    for event in waiting:
        sequence = event.sequence_number
        if (sequence > to and sequence != last + 1) or is_terminal(phase):
            break
        added.append(event)
        before, last, phase = phase, sequence, phase_after(phase, event)
        if phase != before:
            transaction.reached(phase)
    if phase != row.phase or last - row.snapshot_sequence >= _EVENTS_BETWEEN_SNAPSHOTS:
        status = _status_after(connection, row, added)
        snapshot = {"phase": int(phase), "snapshot": bytes(status), "snapshot_sequence": last}
        changes = {"last_sequence": last, "revision": row.revision + 1, **snapshot}
        connection.execute(update(executions).where(executions.c.id == row.id).values(changes))
    else:
        connection.execute(_ADVANCE, {"changed_id": row.id, "last": last})
    transaction.changed(row.id)
    return last


def _status_after(connection: Connection, row: Any, added: list[WorkflowProgressEvent]) -> WorkflowExecutionStatus:
    stored = connection.execute(_SNAPSHOT, {"id": row.id}).one()
    status = WorkflowExecutionStatus.parse(stored.snapshot)
    before = tail(connection, row.id, row.snapshot_sequence, row.last_sequence)
    return reduce(status, [*before, *added], task_types(stored.task_types))


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
