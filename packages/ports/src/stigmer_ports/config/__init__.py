"""Settings from environment variables: what the services have in common."""

from stigmer_ports.config.addresses import is_loopback
from stigmer_ports.config.problem import ConfigError

__all__ = ["ConfigError", "is_loopback"]
