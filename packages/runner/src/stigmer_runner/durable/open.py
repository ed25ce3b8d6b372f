"""Modes `temporal` and `dual`: executions run on Temporal, and this process is one of those that work for them."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

from stigmer_callback import CallbackClient
from stigmer_engine import Engine, PreparedDocument
from stigmer_engine.bus import EventBus, EventPublisher, EventSourceConfig
from stigmer_engine.runtimes.temporal import (
    LifecycleRules,
    Rules,
    StartConfig,
    TemporalBus,
    TemporalExecutions,
    prepare_outside,
    workflow_services,
)
from stigmer_engine.runtimes.temporal.orphans import terminate_orphans_periodically
from stigmer_engine.runtimes.temporal.payloads import (
    PayloadsConfig,
    blob_store,
    data_converter,
    keys_in_use,
    secret_store,
    sweep_periodically,
)
from stigmer_ports.logs import get_logger
from stigmer_ports.redaction import Redactor
from temporalio.client import Client

from stigmer_runner.activity_port.answers import ActivityAnswers
from stigmer_runner.activity_port.attendance import Attendance
from stigmer_runner.activity_port.codec_mark import marking
from stigmer_runner.activity_port.execute_workflow import execute_workflow
from stigmer_runner.agent_calls.open import open_agents
from stigmer_runner.config import Settings
from stigmer_runner.document_folder import register_folder
from stigmer_runner.durable.background import in_background
from stigmer_runner.durable.connection import connect, connect_config
from stigmer_runner.durable.event_source import DurableEventSource
from stigmer_runner.durable.executions import DurableExecutions
from stigmer_runner.durable.handover import Handover
from stigmer_runner.durable.lifecycle import lifecycle_receiver
from stigmer_runner.durable.reachability import Reachability
from stigmer_runner.durable.reporting import EventReporting
from stigmer_runner.durable.schedules import TemporalSchedule, keep_schedules, start_scheduled
from stigmer_runner.durable.schedules.names import schedule_id
from stigmer_runner.durable.secret_sweep import forget_secrets
from stigmer_runner.durable.secrets import ExecutionSecrets
from stigmer_runner.durable.workers import WorkerParts, Workers
from stigmer_runner.engine_config import open_engine
from stigmer_runner.env_file import schedule_environment
from stigmer_runner.executions import Documents, RegisteredDocuments
from stigmer_runner.executions.schedule_variables import ScheduleVariables
from stigmer_runner.metrics import RunnerMetrics
from stigmer_runner.mode import Mode
from stigmer_runner.payloads_config import check_place, payloads_config
from stigmer_runner.sinks.log import EventLogLines
from stigmer_runner.sinks.metrics import CountedCallback, CountedLines
from stigmer_runner.stigmer_service import open_stigmer_service

log = get_logger(__name__)


async def open_on_temporal(
    settings: Settings,
    redactor: Redactor,
    stack: AsyncExitStack,
    *,
    executions_url: str,
    stop: asyncio.Event,
    metrics: RunnerMetrics | None = None,
) -> Mode | None:
    """The mode, closed with the stack; None when `stop` came before Temporal was there. Raises ConfigError.

    `metrics` when somebody can read them.
    """
    payloads = payloads_config(settings)
    check_place(payloads.place)
    connection = connect_config(settings)
    bus = _Bus()
    environment = schedule_environment(settings)
    agents = await stack.enter_async_context(open_agents(settings.stigmer_service))
    engine = await stack.enter_async_context(
        open_engine(settings, executions_url=executions_url, warm=True, activities=True, agents=agents, bus_of=bus.make)
    )
    known = await register_folder(settings, engine)
    services = workflow_services(engine)
    stack.callback(services.close)
    converter = marking(data_converter(payloads, on_text=prepare_outside(services)))
    handover = Handover()
    client = await connect(
        connection, converter, handover, patience_seconds=settings.temporal_connect_seconds, stop=stop
    )
    if client is None:
        return None
    await stack.enter_async_context(bus.bus)
    bus.bus.connect(client)
    service = await open_stigmer_service(settings, stack)
    vault = secret_store(payloads)
    temporal = TemporalExecutions(
        client, start_config(settings, engine, reports=service.callback is not None), vault=vault
    )
    documents = Documents(engine.load, max_bytes=settings.max_document_bytes)
    executions = DurableExecutions(client, temporal, documents, redactor, source=service.source)
    variables = ScheduleVariables(environment, known)
    answers = ActivityAnswers(client)
    attendance = await stack.enter_async_context(Attendance(executions, answers))
    parts = WorkerParts(
        client=client,
        engine=engine,
        services=services,
        secrets=ExecutionSecrets(vault, documents, redactor, service.source),
        receiver=_reporting(service.callback, metrics) if service.callback is not None else None,
        lifecycle=lifecycle_receiver(engine.config.lifecycle),
        attendant=answers,
        execute_workflow=execute_workflow(executions, attendance, client),
        start_scheduled=start_scheduled(executions, engine.documents, variables),
    )
    grace = timedelta(seconds=settings.shutdown_grace_seconds)
    workers = await stack.enter_async_context(Workers(parts, settings, handover, grace=grace))
    log.info(
        "Temporal workers started",
        task_queue=settings.temporal_task_queue,
        activity_task_queue=settings.temporal_workflow_execution_runner_task_queue,
    )
    reachability = await stack.enter_async_context(Reachability(client))
    _sweep(client, payloads, stack)
    forget_secrets(client, payloads, stack)
    in_background(terminate_orphans_periodically(client), stack, name="orphans")
    schedules = await _schedules(client, settings, known, variables)
    registered = RegisteredDocuments()
    bounds = EventSourceConfig(max_body_bytes=settings.max_event_bytes, max_batch_events=settings.max_event_batch)
    return Mode(
        executions=executions,
        documents=registered,
        event_source=DurableEventSource(bus.bus, bounds),
        lifecycle=DurableLifecycle(executions, workers, reachability, registered, known, schedules),
    )


def start_config(settings: Settings, engine: Engine, *, reports: bool) -> StartConfig:
    """What is the same for all executions that are started here, and fixed for each of them at its start."""
    return StartConfig(
        queue=settings.temporal_task_queue,
        reports=reports,
        lifecycle=LifecycleRules.of(engine.config.lifecycle),
        max_child_depth=engine.config.max_child_depth,
        max_children=engine.config.max_children,
        rules=replace(
            Rules(limits=engine.config.limits),
            history_events=settings.execution_history_events,
            cancel_grace_seconds=settings.execution_cancel_grace_seconds,
        ),
    )


class DurableLifecycle:
    """Ready when the workers poll and Temporal answers; on shutdown calls get their grace, and executions live on."""

    def __init__(
        self,
        executions: DurableExecutions,
        workers: Workers,
        reachability: Reachability,
        documents: RegisteredDocuments,
        known: tuple[PreparedDocument, ...],
        schedules: Mapping[str, TemporalSchedule],
    ) -> None:
        self._executions = executions
        self._workers = workers
        self._reachability = reachability
        self._documents = documents
        self._known = known
        self._schedules = schedules

    @property
    def ready(self) -> bool:
        """See `Lifecycle`."""
        return self._executions.accepting and self._workers.running and self._reachability.reachable

    def begin(self) -> None:
        """See `Lifecycle`."""
        self._documents.announce(self._known, lambda document: self._schedules.get(schedule_id(document)))

    async def drain(self, hurry: asyncio.Event) -> None:
        """See `Lifecycle`."""
        self._executions.close()
        handed_over = await self._workers.stop(hurry)
        log.info("workers stopped; executions go on with other runners", calls_handed_over=handed_over)

    async def settle(self) -> None:
        """See `Lifecycle`: nothing is kept here that could be lost."""


def _reporting(client: CallbackClient, metrics: RunnerMetrics | None) -> EventReporting:
    if metrics is None:
        return EventReporting(client, EventLogLines())
    return EventReporting(CountedCallback(client, metrics), CountedLines(EventLogLines(), metrics))


class _Bus:
    """The engine's bus: it is there before the client that it needs."""

    def __init__(self) -> None:
        self.bus = TemporalBus()

    def make(self, outside: EventPublisher | None) -> EventBus:
        self.bus = TemporalBus(sink=outside)
        return self.bus


def _sweep(client: Client, payloads: PayloadsConfig, stack: AsyncExitStack) -> None:
    """Delete old blobs now and then, as long as the process lives."""

    async def in_use() -> frozenset[str]:
        return await keys_in_use(client)

    sweeping = sweep_periodically(blob_store(payloads.place), payloads.ttl, in_use=in_use)
    in_background(sweeping, stack, name="sweep")


async def _schedules(
    client: Client, settings: Settings, known: tuple[PreparedDocument, ...], variables: ScheduleVariables
) -> Mapping[str, TemporalSchedule]:
    """Those of the documents; without a folder, or with SCHEDULES=off, what others keep stays as it is."""
    if settings.documents_dir is None or settings.schedules == "off":
        return {}
    for document in known:
        if document.workflow.schedule is not None:
            variables.warn_of_missing(document)
    return await keep_schedules(
        client, known, queue=settings.temporal_task_queue, time_zone=settings.schedule_time_zone
    )
