"""Whether executions that run go on the same with this code: their histories, replayed.

Every event of a history must follow from the ones before it. Where it does not, a worker with this code would be stuck
with the execution.
"""

import secrets as random_source
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import Self

from temporalio.client import WorkflowHistory
from temporalio.converter import DataConverter
from temporalio.worker import Replayer

from stigmer_engine.runtimes.temporal.sandbox import workflow_runner
from stigmer_engine.runtimes.temporal.workflow import InterpretWorkflow
from stigmer_engine.runtimes.temporal.workflow_services import WorkflowServices, announce, withdraw


class HistoryReplay:
    """Replays histories while it is entered: `with HistoryReplay(...) as replay`.

    Args:
        services: of the engine; `workflow_services` makes them.
        converter: with which the histories were written.
    """

    def __init__(self, services: WorkflowServices, converter: DataConverter) -> None:
        build = random_source.token_hex(8)
        self._services = services
        # What a replayed workflow sees as its task queue.
        self._queue = f"replay-{build}"
        self._replayer = Replayer(
            workflows=[InterpretWorkflow], workflow_runner=workflow_runner(), data_converter=converter, build_id=build
        )

    def __enter__(self) -> Self:
        announce(self._queue, self._services)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        withdraw(self._queue, self._services)

    async def check(self, histories: Iterable[WorkflowHistory]) -> dict[str, str]:
        """What does not replay: the failure, by run id."""

        async def each() -> AsyncIterator[WorkflowHistory]:
            for history in histories:
                yield history

        results = await self._replayer.replay_workflows(each(), raise_on_replay_failure=False)
        return {run: f"{type(failure).__name__}: {failure}" for run, failure in results.replay_failures.items()}
