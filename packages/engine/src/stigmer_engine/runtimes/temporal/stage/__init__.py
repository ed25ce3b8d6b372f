"""Temporal as a performer of cases: a real server, a real worker, and mocks in place of the world outside."""

from stigmer_engine.runtimes.temporal.stage.temporal_stage import Performed, TemporalStage

__all__ = ["Performed", "TemporalStage"]
