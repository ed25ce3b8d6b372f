"""`stigmer serve`: the gRPC and HTTP ports."""

import asyncio

import click
from stigmer_ports.logs import configure_logging
from stigmer_ports.redaction import Redactor

from stigmer_runner.cli.exit_codes import ExitCode, UsageFailure
from stigmer_runner.config import ConfigError, load_settings, secret_values
from stigmer_runner.serve import serve


@click.command("serve")
def command() -> int:
    """Serve workflow executions until SIGTERM or SIGINT.

    Everything is set by environment variables, such as GRPC_PORT (8080), HTTP_PORT (8081), BIND_HOST (127.0.0.1),
    LOG_LEVEL and STIGMER_SERVICE_ENDPOINT; docs/configuration.md lists them all. Logs go to standard error.

    On the first signal running executions may finish for SHUTDOWN_GRACE_SECONDS, then they are cancelled; a second
    signal ends the wait at once.
    """
    try:
        settings = load_settings()
        redactor = Redactor(secret_values(settings))
        configure_logging(settings, redactor)
        asyncio.run(serve(settings, redactor))
    except ConfigError as error:
        raise UsageFailure(str(error)) from None
    return ExitCode.OK
