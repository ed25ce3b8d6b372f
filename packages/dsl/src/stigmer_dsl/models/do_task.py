"""The `do` task: a list of tasks, one after the other."""

from typing import TYPE_CHECKING

from stigmer_dsl.models.task_base import TaskBase

if TYPE_CHECKING:
    from stigmer_dsl.models.task import TaskList


class DoTask(TaskBase):
    """Runs its tasks in order; its output is that of the last task run."""

    do: "TaskList"
