"""Lifecycle CloudEvents of the specification, made from an execution's event log."""

from stigmer_engine.lifecycle_events.config import LifecycleConfig
from stigmer_engine.lifecycle_events.sink import LifecycleSink
from stigmer_engine.lifecycle_events.translation import LifecycleTranslation

__all__ = ["LifecycleConfig", "LifecycleSink", "LifecycleTranslation"]
