"""The `listen` task: waits for CloudEvents."""

from stigmer_dsl.model import Maybe, Model
from stigmer_dsl.models.event import EventConsumption, ReadMode, SubscriptionIterator
from stigmer_dsl.models.task_base import TaskBase


class ListenDefinition(Model):
    """Which events, and which part of them is read."""

    to: EventConsumption
    read: ReadMode = "data"


class ListenTask(TaskBase):
    """Its output is the array of consumed events, in order."""

    listen: ListenDefinition
    foreach: Maybe[SubscriptionIterator] = None
