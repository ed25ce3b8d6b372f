"""Logging of the short-lived commands: quiet unless asked."""

import os

from stigmer_ports.logs import configure_logging
from stigmer_ports.redaction import Redactor

from stigmer_runner.cli.exit_codes import UsageFailure
from stigmer_runner.config import ConfigError, LogLevel, LogSettings, load_log_settings


def set_up_logging(redactor: Redactor) -> None:
    """Log to standard error at LOG_LEVEL, which is `warning` here when not set. Raises UsageFailure."""
    try:
        settings = load_log_settings()
    except ConfigError as error:
        raise UsageFailure(str(error)) from None
    if not os.environ.get("LOG_LEVEL"):
        settings = LogSettings(env=settings.env, log_level=LogLevel.WARNING)
    configure_logging(settings, redactor)
