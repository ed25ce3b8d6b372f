"""The composition root of `stigmer serve`: builds all from settings, runs until a signal, shuts down in order."""

import asyncio
import signal
import socket
import ssl
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

from stigmer_callback import CallbackClient, CallbackConfig, ProgressReporter, Secret
from stigmer_engine.bus import EventSourceConfig, event_source

from stigmer_runner.authentication import Authentication
from stigmer_runner.config import ConfigError, Settings, StigmerService, is_loopback
from stigmer_runner.document_folder import register_folder
from stigmer_runner.engine_config import StartHook, open_engine
from stigmer_runner.env_file import read_env_file
from stigmer_runner.executions import ExecutionRegistry, RegisteredDocuments, Sink
from stigmer_runner.grpc_port.calls import ExecutionCalls, StatusUrls
from stigmer_runner.grpc_port.server import GrpcPort, tls_context
from stigmer_runner.grpc_port.services import ExecutionServices
from stigmer_runner.http_port.app import build_app
from stigmer_runner.http_port.server import HttpPort
from stigmer_runner.listeners import listening, port_of
from stigmer_runner.logs import get_logger
from stigmer_runner.pulling import QueryClient, StigmerSource
from stigmer_runner.redaction import Redactor
from stigmer_runner.sinks import CallbackSink, LogSink

log = get_logger(__name__)

_LAST_EVENTS_SECONDS = 3.0


async def serve(settings: Settings, redactor: Redactor) -> None:
    """Run until SIGTERM or SIGINT, then shut down gracefully; a second signal ends the grace at once.

    Raises ConfigError when a port or certificate cannot be used.
    """
    log.info("starting runner", mode=str(settings.execution_mode))
    async with AsyncExitStack() as stack:
        # First of all, so that a signal during the start is a shutdown too.
        stop, hurry = stack.enter_context(_signals())
        grpc_listener = stack.enter_context(listening(settings.bind_host, settings.grpc_port, "GRPC_PORT"))
        http_listener = (
            stack.enter_context(listening(settings.bind_host, settings.http_port, "HTTP_PORT"))
            if settings.http_port is not None
            else None
        )
        tls = _server_tls(settings)
        base_url = _base_url(settings, http_listener)
        environment = _schedule_environment(settings)
        starts = StartHook()
        executions_url = f"{base_url}/api/v1/executions" if base_url else ""
        engine = await stack.enter_async_context(
            open_engine(settings, executions_url=executions_url, on_start=starts, warm=True)
        )
        known = await register_folder(settings, engine)
        source, callback = await _stigmer_service(settings.stigmer_service, settings, stack)
        sinks: list[Sink] = [LogSink(), *([callback] if callback else [])]
        executions = ExecutionRegistry(engine, settings, redactor, source=source, sinks=sinks)
        starts.listener = executions.adopt
        documents = RegisteredDocuments(engine, executions, environment=environment)
        authentication = Authentication(settings.runner_api_key)
        calls = ExecutionCalls(
            executions,
            StatusUrls(base=base_url),
            cancel_on_disconnect=settings.cancel_on_disconnect,
        )
        services = ExecutionServices(calls, authentication, max_message_bytes=settings.max_message_bytes)
        grpc_port = await stack.enter_async_context(GrpcPort(services, grpc_listener, tls))
        log.info("gRPC server started", port=port_of(grpc_listener), host=settings.bind_host, tls=tls is not None)
        if http_listener is not None:
            bounds = EventSourceConfig(
                max_body_bytes=settings.max_event_bytes, max_batch_events=settings.max_event_batch
            )
            app = build_app(
                executions=executions,
                documents=documents,
                event_source=event_source(engine.bus, bounds),
                authentication=authentication,
                ready=lambda: executions.accepting,
            )
            await stack.enter_async_context(HttpPort(app, http_listener))
            log.info("HTTP server started", port=port_of(http_listener), host=settings.bind_host)
        _warn_when_open(settings)
        # Last, so that what starts at once is seen by every port and sink.
        documents.announce(known, schedules=settings.schedules == "on")
        await stop.wait()
        documents.stop_schedules()
        await _shut_down(executions, grpc_port, services, settings, hurry)
        if callback:
            await callback.settle()
    log.info("runner stopped")


def _schedule_environment(settings: Settings) -> dict[str, str]:
    """What executions started by a schedule get. Raises ConfigError."""
    if settings.schedule_env_file is None:
        return {}
    return read_env_file(settings.schedule_env_file, "SCHEDULE_ENV_FILE")


async def _shut_down(
    executions: ExecutionRegistry, port: GrpcPort, services: ExecutionServices, settings: Settings, hurry: asyncio.Event
) -> None:
    log.info("shutting down", running=len(executions.active), grace_seconds=settings.shutdown_grace_seconds)
    port.not_serving()
    report = await executions.drain(settings.shutdown_grace_seconds, hurry)
    # Clients of `Execute` get the last events before their streams are closed.
    await services.settle(_LAST_EVENTS_SECONDS)
    if report.cut:
        log.warning("executions were cut by the shutdown", finished=report.finished, cut=list(report.cut))
    else:
        log.info("all executions finished before the shutdown", finished=report.finished)


async def _stigmer_service(
    service: StigmerService | None, settings: Settings, stack: AsyncExitStack
) -> tuple[StigmerSource | None, CallbackSink | None]:
    """The two ways to the Stigmer service, or neither."""
    if service is None:
        log.info("no Stigmer service: events are not reported, requests must bring their document")
        return None, None
    for note in service.notes:
        log.warning(note)
    log.info(
        "Stigmer service",
        endpoint=str(service.endpoint),
        endpoint_from=service.endpoint_variable,
        key_from=service.api_key_variable,
        tls=service.use_tls,
        tls_because=service.tls_reason,
    )
    config = CallbackConfig(
        endpoint=str(service.endpoint),
        api_key=Secret(service.api_key.get_secret_value()),
        use_tls=service.use_tls,
    )
    client = await stack.enter_async_context(CallbackClient(config))
    reporter = await stack.enter_async_context(ProgressReporter(client))
    query = await stack.enter_async_context(
        QueryClient(service, config.ssl_context(), timeout_seconds=settings.pull_timeout_seconds)
    )
    return StigmerSource(query), CallbackSink(reporter)


def _server_tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.grpc_tls_cert_file is None or settings.grpc_tls_key_file is None:
        return None
    try:
        return tls_context(settings.grpc_tls_cert_file, settings.grpc_tls_key_file)
    except (OSError, ssl.SSLError) as error:
        why = error.strerror or getattr(error, "reason", None) or "not a matching PEM pair"
        raise ConfigError(f"GRPC_TLS_CERT_FILE and GRPC_TLS_KEY_FILE cannot be used: {why}.") from None


def _base_url(settings: Settings, listener: socket.socket | None) -> str | None:
    if listener is None:
        return None
    if settings.public_base_url:
        return settings.public_base_url.rstrip("/")
    host = settings.bind_host
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = socket.gethostname()
        log.warning("status URLs name this host; set PUBLIC_BASE_URL when clients know it by another name", host=host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port_of(listener)}"


def _warn_when_open(settings: Settings) -> None:
    if settings.runner_api_key is None and not is_loopback(settings.bind_host):
        log.warning("everybody who reaches this host can run workflows: set RUNNER_API_KEY", host=settings.bind_host)


@contextmanager
def _signals() -> Iterator[tuple[asyncio.Event, asyncio.Event]]:
    """Two events, set by the first and by the second SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stop, hurry = asyncio.Event(), asyncio.Event()

    def on_signal(number: signal.Signals) -> None:
        log.info("signal received", signal=number.name)
        (hurry if stop.is_set() else stop).set()

    watched = (signal.SIGTERM, signal.SIGINT)
    for number in watched:
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield stop, hurry
    finally:
        for number in watched:
            loop.remove_signal_handler(number)
