"""What can be told about schedules."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleConfig:
    """How schedules work.

    Attributes:
        time_zone: in which `schedule.cron` counts, by its IANA name; the specification leaves it open.
        executions_kept: how many of the newest executions a schedule remembers.
    """

    time_zone: str = "UTC"
    executions_kept: int = 100
