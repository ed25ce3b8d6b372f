"""Secrets: encrypted at rest, left empty in every message but those for runners."""

from stigmer_server.vault.key_ring import KeyRing, Sealed
from stigmer_server.vault.loading import add_key, load_key_ring

__all__ = ["KeyRing", "Sealed", "add_key", "load_key_ring"]
