"""The composition root of the server: opens everything from settings, runs until a signal, shuts down in order."""

import asyncio
import socket
import ssl
import sys
from contextlib import AbstractContextManager, AsyncExitStack

from stigmer_dsl import ExpressionChecker
from stigmer_ports.listeners import listening, port_of
from stigmer_ports.logs import get_logger
from stigmer_ports.signals import stop_signals
from stigmer_ports.tls import server_tls

from stigmer_server.application import OrchestratorFactory, open_application
from stigmer_server.config import Settings
from stigmer_server.grpc_port.server import grpc_port
from stigmer_server.http_port.app import HttpApp
from stigmer_server.http_port.server import http_port

log = get_logger(__name__)

_LAST_CALLS_SECONDS = 3.0


async def serve(
    settings: Settings,
    *,
    checker: ExpressionChecker | None = None,
    orchestrator: OrchestratorFactory | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Run until SIGTERM or SIGINT, or until `stop` is set; with `stop`, signals are left to the caller.

    `checker` and `orchestrator` as in `open_application`. Raises ConfigError when a setting cannot be used.
    """
    async with AsyncExitStack() as stack:
        stopped = stop if stop is not None else stack.enter_context(stop_signals())[0]
        tls, http_tls = _tls(settings, protocol="h2"), _tls(settings, protocol="http/1.1")
        host = settings.stigmer_server_host
        grpc_listener = stack.enter_context(_listening(settings, settings.stigmer_server_port, "STIGMER_SERVER_PORT"))
        http_listener = stack.enter_context(
            _listening(settings, settings.stigmer_server_http_port, "STIGMER_SERVER_HTTP_PORT")
        )
        application = await stack.enter_async_context(
            open_application(settings, checker=checker, orchestrator=orchestrator)
        )
        port = await stack.enter_async_context(grpc_port(application, grpc_listener, tls))
        log.info("gRPC server started", port=port_of(grpc_listener), host=host, tls=tls is not None)
        await stack.enter_async_context(http_port(HttpApp(application, settings), http_listener, http_tls))
        log.info("HTTP server started", port=port_of(http_listener), host=host, tls=tls is not None)
        if application.first_key is not None:
            _show_once(application.first_key)
        await stopped.wait()
        log.info("shutting down")
        port.not_serving()
        await port.settle(_LAST_CALLS_SECONDS)
    log.info("server stopped")


def _show_once(key: str) -> None:
    # Past the log on purpose: logs are kept and sent elsewhere, a key is not.
    sys.stderr.write(f"\nThe API key of this new server, shown this once:\n\n    {key}\n\n")
    sys.stderr.flush()


def _listening(settings: Settings, port: int, variable: str) -> AbstractContextManager[socket.socket]:
    host = settings.stigmer_server_host
    return listening(host, port, host_variable="STIGMER_SERVER_HOST", port_variable=variable)


def _tls(settings: Settings, *, protocol: str) -> ssl.SSLContext | None:
    return server_tls(
        settings.stigmer_server_tls_cert_file,
        settings.stigmer_server_tls_key_file,
        protocol=protocol,
        variables=("STIGMER_SERVER_TLS_CERT_FILE", "STIGMER_SERVER_TLS_KEY_FILE"),
    )
