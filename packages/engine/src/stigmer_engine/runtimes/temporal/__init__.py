"""The durable runtime: executions as Temporal workflows, run by the same interpreter. See docs/temporal.md."""

from stigmer_engine.runtimes.temporal.attribute_registry import ensure_search_attributes
from stigmer_engine.runtimes.temporal.event_bus import TemporalBus
from stigmer_engine.runtimes.temporal.event_receiver import EventReceiver, LifecycleReceiver
from stigmer_engine.runtimes.temporal.executions import StartConfig, TemporalExecution, TemporalExecutions
from stigmer_engine.runtimes.temporal.following import UnknownExecution
from stigmer_engine.runtimes.temporal.lifecycle_moment import LifecycleMoment
from stigmer_engine.runtimes.temporal.names import DEFAULT_QUEUE, WORKFLOW_TYPE, workflow_id
from stigmer_engine.runtimes.temporal.rules import DeliveryRules, Rules, Weights
from stigmer_engine.runtimes.temporal.secret_source import NoSecrets, SecretSource
from stigmer_engine.runtimes.temporal.start import LifecycleRules
from stigmer_engine.runtimes.temporal.worker import (
    TemporalWorker,
    WorkerConfig,
    prepare_outside,
    workflow_services,
)

__all__ = [
    "DEFAULT_QUEUE",
    "WORKFLOW_TYPE",
    "DeliveryRules",
    "EventReceiver",
    "LifecycleMoment",
    "LifecycleReceiver",
    "LifecycleRules",
    "NoSecrets",
    "Rules",
    "SecretSource",
    "StartConfig",
    "TemporalBus",
    "TemporalExecution",
    "TemporalExecutions",
    "TemporalWorker",
    "UnknownExecution",
    "Weights",
    "WorkerConfig",
    "ensure_search_attributes",
    "prepare_outside",
    "workflow_id",
    "workflow_services",
]
