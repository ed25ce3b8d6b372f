"""Reads the settings of each command."""

from stigmer_ports.config import LogSettings, load

from stigmer_runner.config.engine_settings import EngineSettings
from stigmer_runner.config.payload_settings import PayloadSettings
from stigmer_runner.config.service_settings import ServiceSettings
from stigmer_runner.config.settings import Settings
from stigmer_runner.config.temporal_settings import TemporalSettings


class BlobSettings(TemporalSettings, PayloadSettings):
    """What `stigmer blobs` needs: where blobs lie, and which Temporal has executions that use them."""


class RunSettings(EngineSettings, ServiceSettings):
    """What `stigmer run` needs: what workflows may do, and the Stigmer service whose agents they call."""


def load_settings() -> Settings:
    """The settings of `stigmer serve` from the environment. Raises ConfigError."""
    return load(Settings)


def load_run_settings() -> RunSettings:
    """The settings of `stigmer run` from the environment. Raises ConfigError."""
    return load(RunSettings)


def load_blob_settings() -> BlobSettings:
    """The settings of `stigmer blobs` from the environment. Raises ConfigError."""
    return load(BlobSettings)


def load_payload_settings() -> PayloadSettings:
    """The settings of payloads alone from the environment. Raises ConfigError."""
    return load(PayloadSettings)


def load_log_settings() -> LogSettings:
    """The settings of every other command from the environment. Raises ConfigError."""
    return load(LogSettings)
