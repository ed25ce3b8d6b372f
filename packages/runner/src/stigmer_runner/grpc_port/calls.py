"""The five calls, between messages and the executions; knows nothing of streams, paths or status codes."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import quote

from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import (
    CancelExecutionRequest,
    PauseExecutionRequest,
    ResumeExecutionRequest,
    WorkflowExecuteInput,
    WorkflowExecuteResponse,
    WorkflowProgressEvent,
)
from stigmer_proto.google.protobuf import Empty

from stigmer_runner.execute_input import execution_request
from stigmer_runner.executions import Executions, KnownExecution
from stigmer_runner.messages import progress_message
from stigmer_runner.refusals import Reason, Refused

_CLIENT_LEFT = "the client that watched it left"

Send = Callable[[WorkflowProgressEvent], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusUrls:
    """Where clients find a run on the HTTP port; `base` is None when there is no HTTP port."""

    base: str | None

    def status(self, execution_id: str) -> str:
        """The status URL, or an empty string."""
        return f"{self.base}/api/v1/executions/{quote(execution_id, safe='')}" if self.base else ""

    def events(self, execution_id: str) -> str:
        """The URL of the events, or an empty string."""
        return f"{self.status(execution_id)}/events" if self.base else ""


class ExecutionCalls:
    """What each call does. All raise Refused."""

    def __init__(self, executions: Executions, urls: StatusUrls, *, cancel_on_disconnect: bool) -> None:
        self._executions = executions
        self._urls = urls
        self._cancel_on_disconnect = cancel_on_disconnect
        self._watchers: Counter[str] = Counter()

    async def execute(self, message: WorkflowExecuteInput, send: Send) -> None:
        """Start the run, or join the one with this id, and send its events from the first to the terminal one.

        A client that leaves, or whose deadline passes, leaves the run alone unless CANCEL_ON_DISCONNECT says otherwise.
        """
        execution = await self._executions.start(execution_request(message))
        delivered = False
        try:
            with self._watched(execution.id):
                async for event in execution.follow():
                    await send(progress_message(event))
            delivered = True
        finally:
            if not delivered:
                await self._client_left(execution)

    async def execute_async(self, message: WorkflowExecuteInput) -> WorkflowExecuteResponse:
        """Start the run, or find the one with this id, and tell where to watch it."""
        execution = await self._executions.start(execution_request(message))
        status = await execution.status()
        return WorkflowExecuteResponse(
            workflow_execution_id=execution.id,
            status=str(status),
            message=f"execution {execution.id} is {status}",
            temporal_workflow_id=execution.temporal_workflow_id,
            subscribe_url=self._urls.events(execution.id),
            status_url=self._urls.status(execution.id),
        )

    async def cancel_execution(self, message: CancelExecutionRequest) -> Empty:
        """Stop the run; with `force`, without waiting for calls under way."""
        await self._executions.cancel(_id(message.execution_id), message.reason, force=message.force)
        return Empty()

    async def pause_execution(self, message: PauseExecutionRequest) -> Empty:
        """Hold the run before its next task."""
        await self._executions.pause(_id(message.execution_id), message.reason)
        return Empty()

    async def resume_execution(self, message: ResumeExecutionRequest) -> Empty:
        """Let the run go on."""
        await self._executions.resume(_id(message.execution_id), message.reason)
        return Empty()

    @contextmanager
    def _watched(self, execution_id: str) -> Iterator[None]:
        """Counts one more `Execute` client of this runner."""
        self._watchers[execution_id] += 1
        try:
            yield
        finally:
            self._watchers[execution_id] -= 1
            if not self._watchers[execution_id]:
                del self._watchers[execution_id]

    async def _client_left(self, execution: KnownExecution) -> None:
        if not self._cancel_on_disconnect or execution.id in self._watchers:
            return
        # One that has ended meanwhile needs no cancelling.
        with suppress(Refused):
            await self._executions.cancel(execution.id, _CLIENT_LEFT)


def _id(execution_id: str) -> str:
    if not execution_id:
        raise Refused(Reason.INVALID_REQUEST, "execution_id must be set", field="execution_id")
    return execution_id
