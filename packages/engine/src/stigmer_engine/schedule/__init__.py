"""Schedules: workflows that start by themselves."""

from stigmer_engine.schedule.config import ScheduleConfig
from stigmer_engine.schedule.cron import Cron, CronFields, InvalidCron
from stigmer_engine.schedule.schedule import Schedule
from stigmer_engine.schedule.starter import StartInstance

__all__ = ["Cron", "CronFields", "InvalidCron", "Schedule", "ScheduleConfig", "StartInstance"]
