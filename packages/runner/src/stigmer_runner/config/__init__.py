"""Configuration of the runner: environment variables in, one frozen object out."""

from stigmer_ports.config import ConfigError, LogLevel, LogSettings, secret_values

from stigmer_runner.config.engine_settings import EngineSettings
from stigmer_runner.config.loading import (
    BlobSettings,
    RunSettings,
    load_blob_settings,
    load_log_settings,
    load_payload_settings,
    load_run_settings,
    load_settings,
)
from stigmer_runner.config.payload_settings import PayloadSettings
from stigmer_runner.config.service import StigmerService
from stigmer_runner.config.service_settings import ServiceSettings
from stigmer_runner.config.settings import ExecutionMode, Settings
from stigmer_runner.config.temporal_settings import TemporalSettings
from stigmer_runner.endpoint import Endpoint, EndpointError

__all__ = [
    "BlobSettings",
    "ConfigError",
    "Endpoint",
    "EndpointError",
    "EngineSettings",
    "ExecutionMode",
    "LogLevel",
    "LogSettings",
    "PayloadSettings",
    "RunSettings",
    "ServiceSettings",
    "Settings",
    "StigmerService",
    "TemporalSettings",
    "load_blob_settings",
    "load_log_settings",
    "load_payload_settings",
    "load_run_settings",
    "load_settings",
    "secret_values",
]
