"""Settings from environment variables: what the services have in common."""

from stigmer_ports.config.addresses import is_loopback
from stigmer_ports.config.loading import load, secret_values
from stigmer_ports.config.log_settings import LogLevel, LogSettings
from stigmer_ports.config.problem import ConfigError

__all__ = ["ConfigError", "LogLevel", "LogSettings", "is_loopback", "load", "secret_values"]
