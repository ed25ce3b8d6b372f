"""The embedded Stigmer service: registers, stores, starts and broadcasts workflows."""

from stigmer_server.config import ConfigError, Settings, load_settings
from stigmer_server.serve import serve

__all__ = ["ConfigError", "Settings", "load_settings", "serve"]
