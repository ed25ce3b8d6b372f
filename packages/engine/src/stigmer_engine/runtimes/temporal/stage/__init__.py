"""Temporal as a performer of cases: a real server, a real worker, and mocks in place of the world outside."""

from stigmer_engine.runtimes.temporal.stage.own_time import OwnTime
from stigmer_engine.runtimes.temporal.stage.shared_time import SharedTime
from stigmer_engine.runtimes.temporal.stage.temporal_stage import Performed, StageConfig, TemporalStage

__all__ = ["OwnTime", "Performed", "SharedTime", "StageConfig", "TemporalStage"]
