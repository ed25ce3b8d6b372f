"""Mode `grpc`: executions run in this process, and end with it."""

import asyncio
from contextlib import AsyncExitStack

from stigmer_callback import ProgressReporter
from stigmer_engine import PreparedDocument
from stigmer_engine.bus import EventSourceConfig, event_source
from stigmer_ports.logs import get_logger
from stigmer_ports.redaction import Redactor

from stigmer_runner.agent_calls.open import open_agents
from stigmer_runner.config import Settings
from stigmer_runner.document_folder import register_folder
from stigmer_runner.engine_config import StartHook, open_engine
from stigmer_runner.env_file import schedule_environment
from stigmer_runner.executions import ExecutionRegistry, ProcessSchedules, RegisteredDocuments, Sink
from stigmer_runner.executions.schedule_variables import ScheduleVariables
from stigmer_runner.metrics import RunnerMetrics
from stigmer_runner.mode import Mode
from stigmer_runner.sinks import CallbackSink, LogSink
from stigmer_runner.sinks.metrics import CountedCallback, MetricsSink
from stigmer_runner.stigmer_service import open_stigmer_service

log = get_logger(__name__)


async def open_in_process(
    settings: Settings,
    redactor: Redactor,
    stack: AsyncExitStack,
    *,
    executions_url: str,
    metrics: RunnerMetrics | None = None,
) -> Mode:
    """The mode, closed with the stack; `metrics` when somebody can read them. Raises ConfigError."""
    environment = schedule_environment(settings)
    starts = StartHook()
    agents = await stack.enter_async_context(open_agents(settings.stigmer_service))
    engine = await stack.enter_async_context(
        open_engine(settings, executions_url=executions_url, on_start=starts, agents=agents, warm=True)
    )
    known = await register_folder(settings, engine)
    service = await open_stigmer_service(settings, stack)
    callback = None
    if service.callback is not None:
        client = CountedCallback(service.callback, metrics) if metrics is not None else service.callback
        callback = CallbackSink(await stack.enter_async_context(ProgressReporter(client)))
    sinks: list[Sink] = [LogSink(), *([callback] if callback else []), *([MetricsSink(metrics)] if metrics else [])]
    executions = ExecutionRegistry(engine, settings, redactor, source=service.source, sinks=sinks)
    starts.listener = executions.adopt
    if metrics is not None:
        metrics.watch(lambda: executions.active)
    documents = RegisteredDocuments()
    schedules = ProcessSchedules(engine, executions, ScheduleVariables(environment, known))
    bounds = EventSourceConfig(max_body_bytes=settings.max_event_bytes, max_batch_events=settings.max_event_batch)
    return Mode(
        executions=executions,
        documents=documents,
        event_source=event_source(engine.bus, bounds),
        lifecycle=InProcessLifecycle(executions, documents, known, schedules, callback, settings),
    )


class InProcessLifecycle:
    """Begins schedules; on shutdown gives executions their grace and cuts the rest."""

    def __init__(
        self,
        executions: ExecutionRegistry,
        documents: RegisteredDocuments,
        known: tuple[PreparedDocument, ...],
        schedules: ProcessSchedules,
        callback: CallbackSink | None,
        settings: Settings,
    ) -> None:
        self._executions = executions
        self._documents = documents
        self._known = known
        self._schedules = schedules
        self._callback = callback
        self._settings = settings

    @property
    def ready(self) -> bool:
        """See `Lifecycle`."""
        return self._executions.accepting

    def begin(self) -> None:
        """See `Lifecycle`."""
        wanted = self._settings.schedules == "on"
        self._documents.announce(self._known, self._schedules.start if wanted else lambda _document: None)

    async def drain(self, hurry: asyncio.Event) -> None:
        """See `Lifecycle`."""
        self._schedules.stop()
        report = await self._executions.drain(self._settings.shutdown_grace_seconds, hurry)
        if report.cut:
            log.warning("executions were cut by the shutdown", finished=report.finished, cut=list(report.cut))
        else:
            log.info("all executions finished before the shutdown", finished=report.finished)

    async def settle(self) -> None:
        """See `Lifecycle`."""
        if self._callback is not None:
            await self._callback.settle()
