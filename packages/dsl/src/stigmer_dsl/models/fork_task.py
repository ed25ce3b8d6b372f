"""The `fork` task: branches side by side."""

from typing import TYPE_CHECKING

from pydantic import StrictBool

from stigmer_dsl.model import Model
from stigmer_dsl.models.task_base import TaskBase

if TYPE_CHECKING:
    from stigmer_dsl.models.task import TaskList


class ForkDefinition(Model):
    """The branches, each one task; with `compete` the first to succeed wins and the others are cancelled."""

    compete: StrictBool = False
    branches: "TaskList"


class ForkTask(TaskBase):
    """Without `compete` its output is the array of branch outputs in the order of declaration."""

    fork: ForkDefinition
