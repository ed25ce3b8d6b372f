"""A runner that does what a test says, on a real port."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from grpclib.const import Status
from grpclib.exceptions import GRPCError
from grpclib.health.service import Health
from grpclib.server import Server
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import (
    CancelExecutionRequest,
    WorkflowExecuteInput,
    WorkflowExecuteResponse,
    WorkflowExecutionServiceBase,
)
from stigmer_proto.google.protobuf import Empty

HANG = "hang"


@dataclass(slots=True)
class ScriptedRunner(WorkflowExecutionServiceBase):
    """Answers starts and cancellations by their scripts, then with success."""

    starts: list[Status | str] = field(default_factory=list)
    cancels: list[Status | str] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    cancelled: list[tuple[str, bool]] = field(default_factory=list)
    first_start: asyncio.Event = field(default_factory=asyncio.Event)
    endpoint: str = ""

    async def execute_async(self, message: WorkflowExecuteInput) -> WorkflowExecuteResponse:
        """Note the start."""
        self.started.append(message.workflow_execution_id)
        self.first_start.set()
        await _act(self.starts)
        return WorkflowExecuteResponse(workflow_execution_id=message.workflow_execution_id, status="running")

    async def cancel_execution(self, message: CancelExecutionRequest) -> Empty:
        """Note the cancellation."""
        self.cancelled.append((message.execution_id, message.force))
        await _act(self.cancels)
        return Empty()


async def _act(script: list[Status | str]) -> None:
    step = script.pop(0) if script else None
    if isinstance(step, Status):
        raise GRPCError(step, "as the script says")
    if step == HANG:
        await asyncio.sleep(3600)


@asynccontextmanager
async def scripted_runner(
    starts: list[Status | str] | None = None, cancels: list[Status | str] | None = None
) -> AsyncIterator[ScriptedRunner]:
    """The runner, listening while the block runs."""
    runner = ScriptedRunner(starts=starts or [], cancels=cancels or [])
    server = Server([runner, Health()])
    await server.start("127.0.0.1", 0)
    port = server._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    runner.endpoint = f"grpc://127.0.0.1:{port}"
    try:
        yield runner
    finally:
        server.close()
        await server.wait_closed()
