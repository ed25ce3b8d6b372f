"""Schedules of documents on Temporal: kept by Temporal, so that they outlive every runner and start everything once."""

from stigmer_runner.durable.schedules.keeping import keep_schedules
from stigmer_runner.durable.schedules.starting import ScheduledStart, start_scheduled
from stigmer_runner.durable.schedules.temporal_schedule import TemporalSchedule

__all__ = ["ScheduledStart", "TemporalSchedule", "keep_schedules", "start_scheduled"]
