"""The port behind which executions are run: a runner called directly, or a workflow on Temporal that calls one."""

from typing import Protocol

from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import SendSignalRequest

from stigmer_server.store.executions import StoredExecution


class Orchestrator(Protocol):
    """Starts and controls the runs of stored executions.

    Every method raises Refused. RUNNER_UNAVAILABLE and TRY_AGAIN are passing: the same call may succeed later.
    INVALID_SPEC on `start` is for good: the execution fails. Starting an execution that runs already is a success.
    """

    async def start(self, execution: StoredExecution) -> None:
        """Have the execution run. It reports its own progress from then on."""
        ...

    async def cancel(self, execution_id: str, runner_id: str, reason: str, *, force: bool) -> bool:
        """Have the run stop. False when nobody runs it (any more)."""
        ...

    async def pause(self, execution: StoredExecution, reason: str) -> None:
        """Hold the run before its next task. NOT_SUPPORTED when its runner cannot."""
        ...

    async def resume(self, execution: StoredExecution) -> None:
        """Go on with a paused run."""
        ...

    async def signal(self, execution: StoredExecution, request: SendSignalRequest) -> None:
        """Hand a signal to the run. NOT_SUPPORTED when it takes none.

        One with an idempotency key may come again when it is not known whether it arrived.
        """
        ...
