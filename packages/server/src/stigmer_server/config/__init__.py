"""Configuration of the server: environment variables in, one frozen object out."""

from stigmer_ports.config import ConfigError

from stigmer_server.config.loading import load_settings
from stigmer_server.config.settings import Settings

__all__ = ["ConfigError", "Settings", "load_settings"]
