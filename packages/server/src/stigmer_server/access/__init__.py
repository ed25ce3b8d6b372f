"""Who may call what: API keys with roles, and how often."""

from stigmer_server.access.authentication import Authentication
from stigmer_server.access.caller import Caller, Role

__all__ = ["Authentication", "Caller", "Role"]
