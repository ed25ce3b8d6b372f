"""Configuration of the server: environment variables in, one frozen object out."""

from stigmer_server.config.addresses import is_loopback
from stigmer_server.config.loading import ConfigError, load_settings
from stigmer_server.config.settings import Settings

__all__ = ["ConfigError", "Settings", "is_loopback", "load_settings"]
