"""The worker: takes workflow tasks and calls from the task queues."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import Any, Final, Self

from stigmer_dsl import InvalidDocument
from temporalio.client import Client
from temporalio.worker import Worker, WorkerDeploymentConfig

from stigmer_engine.engine import Engine
from stigmer_engine.runtimes.temporal.activities import ActivityParts, build_activities
from stigmer_engine.runtimes.temporal.attendant import Attendant, SnapshotAttendant
from stigmer_engine.runtimes.temporal.definition import find_definition
from stigmer_engine.runtimes.temporal.event_receiver import EventReceiver, LifecycleReceiver
from stigmer_engine.runtimes.temporal.leaving_worker import LeavingWorker
from stigmer_engine.runtimes.temporal.names import DEFAULT_QUEUE
from stigmer_engine.runtimes.temporal.sandbox import workflow_runner
from stigmer_engine.runtimes.temporal.secret_source import NoSecrets, SecretSource
from stigmer_engine.runtimes.temporal.workflow import InterpretWorkflow
from stigmer_engine.runtimes.temporal.workflow_services import WorkflowServices, announce, withdraw

# An execution's thread works at most for a moment, and each may keep a process that evaluates expressions.
_WORKFLOW_THREADS: Final = 16
# Expressions are evaluated by a child process that the thread waits for. On a busy machine that may last longer than
# the 2 s after which the SDK takes a workflow for deadlocked; a workflow task itself may take 10 s.
_DEADLOCK_SECONDS: Final = 8
# Temporal tells a call of its cancellation when it gives a sign of life; sooner than it would by itself.
_HEARTBEAT_THROTTLE: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerConfig:
    """How a worker works.

    Attributes:
        queue: where executions and their calls come from.
        max_activities: calls at a time.
        max_cached: executions kept in memory between their workflow tasks; 0 replays each at each task, for tests.
        grace: for calls under way when the worker stops.
        sticky: how long an execution waits for the worker that has it in memory, before another one may have it.
        deployment: the worker's version, where Temporal routes executions by it.
    """

    queue: str = DEFAULT_QUEUE
    max_activities: int = 100
    max_cached: int = 1000
    grace: timedelta = timedelta(seconds=10)
    sticky: timedelta = timedelta(seconds=10)
    deployment: WorkerDeploymentConfig | None = None


class TemporalWorker:
    """Runs executions until it is closed: `async with TemporalWorker(...)`.

    Args:
        client: with the data converter of `payloads`, whose `on_text` is `prepare_outside(services)`.
        engine: performs the calls, and loads documents.
        receiver: of the events of executions that report.
        lifecycle: of the lifecycle events of executions that are to deliver them.
        attendant: completes activities elsewhere that wait for the end of an execution.
        activities, workflows: others that it works for too.
    """

    def __init__(
        self,
        client: Client,
        engine: Engine,
        services: WorkflowServices,
        config: WorkerConfig | None = None,
        *,
        secrets: SecretSource | None = None,
        receiver: EventReceiver | None = None,
        lifecycle: LifecycleReceiver | None = None,
        attendant: Attendant | None = None,
        activities: Sequence[Callable[..., Any]] = (),
        workflows: Sequence[type] = (),
    ) -> None:
        settled = config or WorkerConfig()
        self._queue = settled.queue
        self._services = services
        self._threads = ThreadPoolExecutor(_WORKFLOW_THREADS, thread_name_prefix="stigmer-workflow")
        parts = ActivityParts(
            callers=engine.callers,
            secrets=secrets or NoSecrets(),
            receiver=receiver,
            lifecycle=lifecycle,
            find_document=partial(find_definition, engine.documents),
            client=client,
            attendant=attendant or SnapshotAttendant(client),
        )
        announce(settled.queue, services)
        worker = Worker(
            client,
            task_queue=settled.queue,
            workflows=[InterpretWorkflow, *workflows],
            activities=[*build_activities(parts), *activities],
            workflow_runner=workflow_runner(),
            workflow_task_executor=self._threads,
            # Without a cache the SDK works on one at a time, and lets what it has taken beside that time out.
            max_concurrent_workflow_tasks=_WORKFLOW_THREADS if settled.max_cached else 1,
            max_cached_workflows=settled.max_cached,
            sticky_queue_schedule_to_start_timeout=settled.sticky,
            max_concurrent_activities=settled.max_activities,
            max_heartbeat_throttle_interval=_HEARTBEAT_THROTTLE,
            default_heartbeat_throttle_interval=_HEARTBEAT_THROTTLE,
            graceful_shutdown_timeout=settled.grace,
            deployment_config=settled.deployment,
        )
        _wait_for_expressions(worker)
        self._worker = LeavingWorker(worker, settled.grace)

    @property
    def running(self) -> bool:
        """Whether it takes work."""
        return self._worker.running

    async def shutdown(self) -> None:
        """Take nothing more; return when calls under way have finished, or their grace is over; see `LeavingWorker`."""
        await self._worker.shutdown()

    def leave(self) -> None:
        """Wait for its end no longer."""
        self._worker.leave()

    async def __aenter__(self) -> Self:
        await self._worker.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._worker.__aexit__(kind, error, trace)
        finally:
            withdraw(self._queue, self._services)
            self._threads.shutdown(wait=False, cancel_futures=True)


def _wait_for_expressions(worker: Worker) -> None:
    """Let workflows keep their thread for longer; the SDK has no setting for that. None is its debugging mode."""
    workflows = worker._workflow_worker  # noqa: SLF001 - see above
    if workflows is not None and workflows._deadlock_timeout_seconds is not None:  # noqa: SLF001 - see above
        workflows._deadlock_timeout_seconds = _DEADLOCK_SECONDS  # noqa: SLF001 - see above


def workflow_services(engine: Engine) -> WorkflowServices:
    """What workflows of an engine's documents need. Close it after the last worker."""
    return WorkflowServices(engine.load_to_interpret, engine.config.evaluator)


def prepare_outside(services: WorkflowServices) -> Callable[[str], Any]:
    """Makes a document ready before the workflow that needs it has its turn: for the codec's `on_text`."""

    async def ready(text: str) -> None:
        try:
            await asyncio.to_thread(services.documents.get, text)
        except InvalidDocument:
            # The workflow finds that out, and fails by it.
            return

    return ready
