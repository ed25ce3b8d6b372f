"""Tells everybody who follows an execution what changed, without letting the slow hold up the rest."""

from stigmer_server.broadcast.broadcast import Broadcast
from stigmer_server.broadcast.hub import Hub

__all__ = ["Broadcast", "Hub"]
