"""Reads the settings."""

from stigmer_ports.config import load

from stigmer_server.config.settings import Settings


def load_settings() -> Settings:
    """The settings of the server from the environment. Raises ConfigError."""
    return load(Settings)
