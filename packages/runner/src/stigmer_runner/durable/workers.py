"""The workers of one process: for executions and their calls, and for the activity `ExecuteWorkflow`."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Self

from stigmer_engine import Engine
from stigmer_engine.runtimes.temporal import (
    EventReceiver,
    LifecycleReceiver,
    SecretSource,
    TemporalWorker,
    WorkerConfig,
)
from stigmer_engine.runtimes.temporal.attendant import Attendant
from stigmer_engine.runtimes.temporal.leaving_worker import LeavingWorker
from stigmer_engine.runtimes.temporal.workflow_services import WorkflowServices
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig

from stigmer_runner.config import TemporalSettings
from stigmer_runner.durable.handover import Handover
from stigmer_runner.durable.schedules import ScheduledStart

_VERSIONING: Final = {
    "pinned": VersioningBehavior.PINNED,
    "auto-upgrade": VersioningBehavior.AUTO_UPGRADE,
}
# For calls that were cut to end, and to be told of.
_HURRIED_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerParts:
    """What the workers work with. `receiver` and `lifecycle` are None when nobody wants the events."""

    client: Client
    engine: Engine
    services: WorkflowServices
    secrets: SecretSource
    receiver: EventReceiver | None
    lifecycle: LifecycleReceiver | None
    attendant: Attendant
    execute_workflow: Callable[..., Any]
    start_scheduled: Callable[..., Any]


class Workers:
    """Both workers, from the entering of the context to its end; a fatal error of one cancels whoever entered it."""

    def __init__(self, parts: WorkerParts, settings: TemporalSettings, handover: Handover, *, grace: timedelta) -> None:
        deployment = deployment_config(settings)
        self._handover = handover
        self._stack = AsyncExitStack()
        self._executions = TemporalWorker(
            parts.client,
            parts.engine,
            parts.services,
            WorkerConfig(
                queue=settings.temporal_task_queue,
                max_activities=settings.temporal_max_concurrency,
                max_cached=settings.temporal_max_cached_executions,
                grace=grace,
                deployment=deployment,
            ),
            secrets=parts.secrets,
            receiver=parts.receiver,
            lifecycle=parts.lifecycle,
            attendant=parts.attendant,
            # Older callers know only the queue of executions (seed 003).
            activities=[parts.execute_workflow, parts.start_scheduled],
            workflows=[ScheduledStart],
        )
        self._activities: LeavingWorker | None = None
        queue = settings.temporal_workflow_execution_runner_task_queue
        if queue != settings.temporal_task_queue:
            worker = Worker(
                parts.client,
                task_queue=queue,
                activities=[parts.execute_workflow],
                max_concurrent_activities=settings.temporal_max_concurrency,
                graceful_shutdown_timeout=grace,
                deployment_config=deployment,
            )
            self._activities = LeavingWorker(worker, grace)

    @property
    def running(self) -> bool:
        """Whether all of them take work."""
        return self._executions.running and (self._activities is None or self._activities.running)

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._executions)
        if self._activities is not None:
            await self._stack.enter_async_context(self._activities)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def stop(self, hurry: asyncio.Event) -> int:
        """Take nothing more, and let calls under way finish for their grace, or until told to hurry.

        Returns:
            How many calls are tried again elsewhere.
        """
        stopping = asyncio.ensure_future(self._stop())
        hurrying = asyncio.ensure_future(hurry.wait())
        await asyncio.wait({stopping, hurrying}, return_when=asyncio.FIRST_COMPLETED)
        hurrying.cancel()
        if not stopping.done():
            self._handover.hurry()
            await asyncio.wait({stopping}, timeout=_HURRIED_SECONDS)
        if not stopping.done():
            self._leave()
            stopping.cancel()
            await asyncio.wait({stopping})
        else:
            stopping.result()
        return self._handover.handed_over

    def _leave(self) -> None:
        """Wait no longer, as for a Temporal that has gone."""
        self._executions.leave()
        if self._activities is not None:
            self._activities.leave()

    async def _stop(self) -> None:
        waits = [self._executions.shutdown()]
        if self._activities is not None:
            waits.append(self._activities.shutdown())
        await asyncio.gather(*waits)


def deployment_config(settings: TemporalSettings) -> WorkerDeploymentConfig | None:
    """The version of the workers, where Temporal is to route executions by it."""
    if settings.temporal_deployment_name is None or settings.temporal_worker_build_id is None:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(
            deployment_name=settings.temporal_deployment_name, build_id=settings.temporal_worker_build_id
        ),
        use_worker_versioning=True,
        default_versioning_behavior=_VERSIONING[settings.temporal_versioning],
    )
