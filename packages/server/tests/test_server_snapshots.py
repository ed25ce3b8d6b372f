"""Snapshots that are read and encoded by what changed are the same as whole ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.engine import Connection
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    ExecutionPhase,
    WorkflowExecution,
    WorkflowExecutionSpec,
    WorkflowExecutionStatus,
)
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowProgressEvent
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceMetadata
from stigmer_proto_json import struct_from_json
from stigmer_server.grpc_port.snapshot_encoding import SnapshotEncoder
from stigmer_server.store.event_log import append_event
from stigmer_server.store.executions import (
    StoredExecution,
    insert_execution,
    read_execution,
    replace_execution,
    replace_status,
)
from stigmer_server.store.newer import Known, read_newer
from stigmer_server.store.tables import metadata
from stigmer_server.store.transaction import Transaction

from packages.server.tests.grpcio_contract import Contract
from scripts.load.run_events import events_of_run

RUN = "wex-1"
EVENTS = events_of_run(20)


def event(sequence: int) -> WorkflowProgressEvent:
    told = EVENTS[sequence - 1]
    return WorkflowProgressEvent(
        workflow_execution_id=RUN,
        sequence_number=sequence,
        event_type=told.kind,
        status=told.status,
        timestamp_ms=1_767_900_000_000 + sequence,
        task_name=told.task,
        task_reference=told.reference,
        payload=struct_from_json({key: {"text": value} for key, value in told.payload}) if told.payload else None,
    )


@contextmanager
def stored(folder: Path) -> Iterator[Connection]:
    engine = create_engine(f"sqlite:///{folder / 'store.db'}")
    with engine.connect() as connection:
        metadata.create_all(connection)
        execution = WorkflowExecution(
            metadata=ApiResourceMetadata(id=RUN, name="run"),
            spec=WorkflowExecutionSpec(workflow_id="wfl-1"),
            status=WorkflowExecutionStatus(phase=ExecutionPhase.EXECUTION_PENDING),
        )
        insert_execution(Transaction(connection), execution, workflow_id="wfl-1", created_at=1)
        yield connection
    engine.dispose()


class Watched:
    """Reads by what is known, and compares with the whole."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: Known | None = None
        self.shared = 0

    def look(self) -> StoredExecution:
        before = {id(task) for task in self._known.stored.status.tasks} if self._known is not None else set()
        self._known = read_newer(self._connection, RUN, self._known)
        assert self._known is not None
        assert self._known.stored == read_execution(self._connection, RUN)
        self.shared += len(before & {id(task) for task in self._known.stored.status.tasks})
        return self._known.stored


def test_a_known_execution_and_the_events_since_are_the_execution(tmp_path: Path) -> None:
    with stored(tmp_path) as connection:
        watched, transaction = Watched(connection), Transaction(connection)
        watched.look()
        for sequence in range(1, len(EVENTS) + 1):
            append_event(transaction, event(sequence))
            if sequence % 7:
                watched.look()
        assert watched.look().phase == ExecutionPhase.EXECUTION_COMPLETED
        # The point of it: what did not change is not read again.
        assert watched.shared > 100


def test_what_is_not_an_event_is_seen_too(tmp_path: Path) -> None:
    with stored(tmp_path) as connection:
        watched, transaction = Watched(connection), Transaction(connection)
        for sequence in range(1, 12):
            append_event(transaction, event(sequence))
            before = read_execution(connection, RUN)
            assert before is not None
            watched.look()
            replace_status(transaction, before, replace(before.status, temporal_workflow_id=f"by {sequence}"))
            if sequence % 2:
                append_event(transaction, event(sequence + 1))
            assert watched.look().status.temporal_workflow_id == f"by {sequence}"
            before = read_execution(connection, RUN)
            assert before is not None
            renamed = replace(before.execution, metadata=ApiResourceMetadata(id=RUN, name=f"run {sequence}"))
            replace_execution(transaction, before, renamed)
            append_event(transaction, event(sequence + 2))
            assert watched.look().execution.metadata == renamed.metadata


def test_encoded_snapshots_are_the_snapshots(tmp_path: Path, contract: Contract) -> None:
    message = contract.message("ai.stigmer.agentic.workflowexecution.v1.WorkflowExecution")
    with stored(tmp_path) as connection:
        watched, transaction, encoder = Watched(connection), Transaction(connection), SnapshotEncoder()
        for sequence in range(1, len(EVENTS) + 1):
            append_event(transaction, event(sequence))
            execution = watched.look().execution
            data = encoder.encode(execution).data
            assert message.FromString(data) == message.FromString(bytes(execution))
            assert WorkflowExecution.parse(data) == execution
    assert encoder.encode(WorkflowExecution(kind="WorkflowExecution")).data == bytes(
        WorkflowExecution(kind="WorkflowExecution")
    )
