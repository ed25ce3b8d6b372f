"""Executions as Temporal workflows that hand them to a runner's activity (seed 004)."""

from stigmer_server.orchestration.temporal.orchestrator import TemporalOrchestrator, open_temporal

__all__ = ["TemporalOrchestrator", "open_temporal"]
