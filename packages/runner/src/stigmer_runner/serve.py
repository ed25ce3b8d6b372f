"""The composition root of `stigmer serve`: builds all from settings, runs until a signal, shuts down in order."""

import asyncio
import socket
from contextlib import AbstractContextManager, AsyncExitStack

from stigmer_ports.config import is_loopback
from stigmer_ports.http_port.server import HttpPort
from stigmer_ports.listeners import listening, port_of
from stigmer_ports.logs import get_logger
from stigmer_ports.redaction import Redactor
from stigmer_ports.signals import stop_signals
from stigmer_ports.tls import server_tls

from stigmer_runner.authentication import Authentication
from stigmer_runner.config import ExecutionMode, Settings
from stigmer_runner.grpc_port.calls import ExecutionCalls, StatusUrls
from stigmer_runner.grpc_port.server import grpc_port
from stigmer_runner.http_port.app import build_app
from stigmer_runner.in_process import open_in_process
from stigmer_runner.metrics import RunnerMetrics
from stigmer_runner.mode import Mode

log = get_logger(__name__)

_LAST_EVENTS_SECONDS = 3.0


async def serve(settings: Settings, redactor: Redactor) -> None:
    """Run until SIGTERM or SIGINT, then shut down gracefully; a second signal ends the grace at once.

    Raises ConfigError when a port or certificate cannot be used.
    """
    log.info("starting runner", mode=str(settings.execution_mode))
    async with AsyncExitStack() as stack:
        # First of all, so that a signal during the start is a shutdown too.
        stop, hurry = stack.enter_context(stop_signals())
        grpc_listener = (
            stack.enter_context(_listening(settings, settings.grpc_port, "GRPC_PORT"))
            if settings.execution_mode is not ExecutionMode.TEMPORAL
            else None
        )
        http_listener = (
            stack.enter_context(_listening(settings, settings.http_port, "HTTP_PORT"))
            if settings.http_port is not None
            else None
        )
        tls = server_tls(
            settings.grpc_tls_cert_file,
            settings.grpc_tls_key_file,
            protocol="h2",
            variables=("GRPC_TLS_CERT_FILE", "GRPC_TLS_KEY_FILE"),
        )
        base_url = _base_url(settings, http_listener)
        metrics = RunnerMetrics(settings.execution_mode) if http_listener is not None else None
        mode = await _open_mode(settings, redactor, stack, base_url=base_url, stop=stop, metrics=metrics)
        if mode is None:
            return
        authentication = Authentication(settings.runner_api_key)
        grpc = None
        if grpc_listener is not None:
            calls = ExecutionCalls(
                mode.executions, StatusUrls(base=base_url), cancel_on_disconnect=settings.cancel_on_disconnect
            )
            grpc = await stack.enter_async_context(
                grpc_port(calls, authentication, grpc_listener, tls, max_message_bytes=settings.max_message_bytes)
            )
            log.info("gRPC server started", port=port_of(grpc_listener), host=settings.bind_host, tls=tls is not None)
        if http_listener is not None and metrics is not None:
            app = build_app(
                executions=mode.executions,
                documents=mode.documents,
                event_source=mode.event_source,
                authentication=authentication,
                ready=lambda: mode.lifecycle.ready and not stop.is_set(),
                metrics=metrics.registry,
            )
            await stack.enter_async_context(HttpPort(app, listener=http_listener))
            log.info("HTTP server started", port=port_of(http_listener), host=settings.bind_host)
        _warn_when_open(settings)
        # Last, so that what starts at once is seen by every port and sink.
        mode.lifecycle.begin()
        await stop.wait()
        log.info("shutting down", grace_seconds=settings.shutdown_grace_seconds)
        if grpc is not None:
            grpc.not_serving()
        await mode.lifecycle.drain(hurry)
        if grpc is not None:
            # Clients of `Execute` get the last events before their streams are closed.
            await grpc.settle(_LAST_EVENTS_SECONDS)
        await mode.lifecycle.settle()
    log.info("runner stopped")


async def _open_mode(
    settings: Settings,
    redactor: Redactor,
    stack: AsyncExitStack,
    *,
    base_url: str | None,
    stop: asyncio.Event,
    metrics: RunnerMetrics | None,
) -> Mode | None:
    """The executions, as EXECUTION_MODE says; None when the process is to stop before they were there."""
    executions_url = f"{base_url}/api/v1/executions" if base_url else ""
    if not settings.execution_mode.on_temporal:
        return await open_in_process(settings, redactor, stack, executions_url=executions_url, metrics=metrics)
    # Whoever runs everything in one process needs nothing of Temporal.
    from stigmer_runner.durable.open import open_on_temporal  # noqa: PLC0415 - see above

    return await open_on_temporal(settings, redactor, stack, executions_url=executions_url, stop=stop, metrics=metrics)


def _listening(settings: Settings, port: int, variable: str) -> AbstractContextManager[socket.socket]:
    return listening(settings.bind_host, port, host_variable="BIND_HOST", port_variable=variable)


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
