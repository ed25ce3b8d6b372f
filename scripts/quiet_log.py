"""Lets a script print its own report, and of the log no more than warnings."""

from stigmer_ports.logs import configure_logging
from stigmer_ports.redaction import Redactor
from stigmer_runner.config import LogLevel, LogSettings


def warnings_only() -> None:
    """Log warnings and worse to standard error, for the whole process."""
    configure_logging(LogSettings(log_level=LogLevel.WARNING), Redactor(()))
