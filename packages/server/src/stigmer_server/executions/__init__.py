"""Executions: created, started, watched, controlled, reported on."""

from stigmer_server.executions.service import Executions

__all__ = ["Executions"]
