"""Configuration of the runner: environment variables in, one frozen object out."""

from stigmer_runner.config.endpoint import Endpoint, EndpointError, is_loopback
from stigmer_runner.config.loading import ConfigError, load_log_settings, load_settings
from stigmer_runner.config.service import StigmerService
from stigmer_runner.config.settings import ExecutionMode, LogLevel, LogSettings, Settings

__all__ = [
    "ConfigError",
    "Endpoint",
    "EndpointError",
    "ExecutionMode",
    "LogLevel",
    "LogSettings",
    "Settings",
    "StigmerService",
    "is_loopback",
    "load_log_settings",
    "load_settings",
]
