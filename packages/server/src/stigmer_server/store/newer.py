"""An execution as it stands, from what is known of it already and the events since."""

from dataclasses import dataclass, replace

from sqlalchemy import bindparam, select
from sqlalchemy.engine import Connection
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import WorkflowExecution

from stigmer_server.reduction import reduce
from stigmer_server.store.event_log import tail
from stigmer_server.store.executions import StoredExecution, read_execution
from stigmer_server.store.tables import executions

_PLACE = select(
    executions.c.revision,
    executions.c.last_sequence,
    executions.c.snapshot_sequence,
    executions.c.runner_id,
    executions.c.body,
).where(executions.c.id == bindparam("id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An execution and the bytes of its body (all but the status)."""

    stored: StoredExecution
    body: bytes


def read_newer(connection: Connection, execution_id: str, known: Known | None) -> Known | None:
    """The execution as it stands, or None: as `read_execution`, for less when `known` is near.

    A status that did not come from events is stored as a snapshot at the end of the log. So when the snapshot is older
    than what is known, events are all that has come since.
    """
    row = connection.execute(_PLACE, {"id": execution_id}).one_or_none()
    if row is None:
        return None
    if known is not None and known.stored.revision == row.revision:
        return known
    if known is None or row.snapshot_sequence >= known.stored.last_sequence or known.body != row.body:
        stored = read_execution(connection, execution_id)
        return None if stored is None else Known(stored=stored, body=row.body)
    before = known.stored
    newer = tail(connection, execution_id, before.last_sequence, row.last_sequence)
    status = reduce(before.status, newer, before.task_types)
    execution: WorkflowExecution = replace(before.execution, status=status)
    stored = replace(
        before, execution=execution, revision=row.revision, last_sequence=row.last_sequence, runner_id=row.runner_id
    )
    return Known(stored=stored, body=known.body)
