"""Snapshots of an execution in binary form, each for what has changed since the one before.

Encoding is most of what a follower costs, and one event changes one task. Snapshots share the tasks that did not
change, so these are known by identity.
"""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from typing import Final

from betterproto2 import encode_varint
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    WorkflowExecution,
    WorkflowExecutionStatus,
    WorkflowTask,
)

from stigmer_server.grpc_port.encoded import Encoded

_STATUS: Final[int] = WorkflowExecution.DESCRIPTOR.fields_by_name["status"].number
_TASKS: Final[int] = WorkflowExecutionStatus.DESCRIPTOR.fields_by_name["tasks"].number
_LENGTH_DELIMITED: Final = 2


class SnapshotEncoder:
    """Encodes the snapshots of one stream; remembers the bytes of the last one's parts."""

    def __init__(self) -> None:
        self._tasks: dict[str, tuple[WorkflowTask, bytes]] = {}
        self._rest: tuple[WorkflowExecution, bytes] | None = None

    def encode(self, execution: WorkflowExecution) -> Encoded:
        """The same message as `bytes(execution)`."""
        status = execution.status
        if status is None:
            return Encoded(bytes(execution))
        tasks = b"".join([self._task(task) for task in status.tasks])
        body = bytes(replace(status, tasks=[])) + tasks
        return Encoded(self._all_but_status(execution) + _field(_STATUS, body))

    def _task(self, task: WorkflowTask) -> bytes:
        known = self._tasks.get(task.task_id)
        if known is None or known[0] is not task:
            known = task, _field(_TASKS, bytes(task))
            self._tasks[task.task_id] = known
        return known[1]

    def _all_but_status(self, execution: WorkflowExecution) -> bytes:
        known = self._rest
        if known is None or known[0].metadata is not execution.metadata or known[0].spec is not execution.spec:
            known = execution, bytes(replace(execution, status=None))
            self._rest = known
        return known[1]


async def encoded_snapshots(executions: AsyncIterator[WorkflowExecution]) -> AsyncGenerator[Encoded, None]:
    """The stream, encoded."""
    encoder = SnapshotEncoder()
    async with contextlib.aclosing(executions):  # type: ignore[type-var]
        async for execution in executions:
            yield encoder.encode(execution)


def _field(number: int, body: bytes) -> bytes:
    return encode_varint(number << 3 | _LENGTH_DELIMITED) + encode_varint(len(body)) + body
