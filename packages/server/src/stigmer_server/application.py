"""The parts of a running server, put together: what every port is built on."""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from stigmer_dsl import ExpressionChecker

from stigmer_server.access import Authentication
from stigmer_server.access.provisioning import provide_keys
from stigmer_server.access.rate import RateLimit
from stigmer_server.broadcast import Broadcast, Hub
from stigmer_server.config import ConfigError, Settings
from stigmer_server.executions import Executions
from stigmer_server.metrics import ServerMetrics
from stigmer_server.orchestration.direct import DirectOrchestrator
from stigmer_server.orchestration.dispatcher import Dispatcher
from stigmer_server.orchestration.health import HealthChecks
from stigmer_server.orchestration.port import Orchestrator
from stigmer_server.orchestration.runner_calls import RunnerCalls, runner_tls
from stigmer_server.orchestration.temporal import open_temporal
from stigmer_server.resources import Environments, ExecutionContexts, WorkflowInstances, WorkflowRunners, Workflows
from stigmer_server.resources.validation import WorkflowValidation
from stigmer_server.store import Database, open_database
from stigmer_server.store.measured import MeasuredDatabase
from stigmer_server.store.reencryption import encrypt_store_anew
from stigmer_server.store.url import store_url
from stigmer_server.vault import load_key_ring


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """Everything a port needs. `first_key` is the admin key that was made at the first start, to be shown once."""

    settings: Settings
    database: Database
    broadcast: Broadcast
    authentication: Authentication
    workflows: Workflows
    instances: WorkflowInstances
    environments: Environments
    contexts: ExecutionContexts
    runners: WorkflowRunners
    executions: Executions
    metrics: ServerMetrics
    first_key: str | None


OrchestratorFactory = Callable[[Settings, Database, WorkflowRunners], Orchestrator]


@asynccontextmanager
async def open_application(
    settings: Settings,
    *,
    checker: ExpressionChecker | None = None,
    orchestrator: OrchestratorFactory | None = None,
) -> AsyncIterator[Application]:
    """The application, its store open and its background work running. Raises ConfigError.

    `checker` compiles the expressions of workflows when they are registered. `orchestrator` makes what runs executions;
    by default it is as `STIGMER_ORCHESTRATION` says.
    """
    async with AsyncExitStack() as stack:
        hub = Hub()
        metrics = ServerMetrics()
        metrics.watch_subscribers(lambda: hub.all_followers)
        ring = load_key_ring(settings)
        store = await stack.enter_async_context(open_database(store_url(settings.database_url), hub))
        database = MeasuredDatabase(store, metrics.written)
        await encrypt_store_anew(database, ring)
        first_key = await provide_keys(database, settings)
        broadcast = Broadcast(database, hub)
        instances = WorkflowInstances(database, ring)
        contexts = ExecutionContexts(database, ring)
        runners = WorkflowRunners(database, ring)
        calls = await stack.enter_async_context(_runner_calls(settings))
        chosen: Orchestrator
        if orchestrator is not None:
            chosen = orchestrator(settings, database, runners)
        elif settings.stigmer_orchestration == "temporal":
            chosen = await stack.enter_async_context(open_temporal(settings, database))
        else:
            chosen = DirectOrchestrator(database, runners, calls, runner_type=settings.stigmer_runner_type)
        dispatcher = Dispatcher(database, chosen, lease_seconds=3 * settings.stigmer_runner_call_seconds)
        executions = Executions(
            database=database,
            ring=ring,
            broadcast=broadcast,
            instances=instances,
            contexts=contexts,
            orchestrator=chosen,
            wake_dispatcher=dispatcher.wake,
        )
        if settings.stigmer_runner_endpoint is not None:
            await runners.register_default(settings.stigmer_runner_endpoint, settings.stigmer_runner_type)
        checks = HealthChecks(
            runners, calls, seconds=settings.stigmer_runner_check_seconds, on_recovery=dispatcher.wake
        )
        runners.on_change = checks.check_soon
        await stack.enter_async_context(checks)
        await stack.enter_async_context(dispatcher)
        validation = WorkflowValidation(max_bytes=settings.stigmer_server_max_document_bytes, checker=checker)
        yield Application(
            settings=settings,
            database=database,
            broadcast=broadcast,
            authentication=_authentication(settings, database, metrics),
            workflows=Workflows(database, ring, validation),
            instances=instances,
            environments=Environments(database, ring),
            contexts=contexts,
            runners=runners,
            executions=executions,
            metrics=metrics,
            first_key=first_key,
        )


def _authentication(settings: Settings, database: Database, metrics: ServerMetrics) -> Authentication:
    return Authentication(
        database,
        requests=RateLimit(settings.stigmer_server_requests_per_second),
        runner_requests=RateLimit(settings.stigmer_server_runner_requests_per_second),
        failed_logins=RateLimit(settings.stigmer_server_failed_logins_per_second),
        on_failure=metrics.failed_login,
    )


def _runner_calls(settings: Settings) -> RunnerCalls:
    ca_file = settings.stigmer_runner_ca_file
    try:
        tls = runner_tls(str(ca_file) if ca_file is not None else None)
    except (OSError, ssl.SSLError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it holds no certificates"
        raise ConfigError(f"STIGMER_RUNNER_CA_FILE cannot be used: {why}.") from None
    return RunnerCalls(key=settings.stigmer_runner_key, tls=tls, timeout_seconds=settings.stigmer_runner_call_seconds)
