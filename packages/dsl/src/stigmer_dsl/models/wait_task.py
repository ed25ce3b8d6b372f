"""The `wait` task: time that passes."""

from stigmer_dsl.models.duration_field import DurationField
from stigmer_dsl.models.task_base import TaskBase


class WaitTask(TaskBase):
    """Sleeps for the duration; its output is its input."""

    wait: DurationField
