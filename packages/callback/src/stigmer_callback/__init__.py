"""Reports the progress of workflow executions to a Stigmer service; see docs/callback.md.

Beside these names: `stigmer_callback.errors` (everything raised), `.clock` (ports for tests), `.testing` (peers).
"""

from stigmer_callback._backoff import Backoff
from stigmer_callback._client import CallbackClient, ProgressClient
from stigmer_callback._config import CallbackConfig
from stigmer_callback._delivery_report import DeliveryReport
from stigmer_callback._events import new_error_progress_event, new_progress_event, new_task_progress_event
from stigmer_callback._limits import ReporterLimits
from stigmer_callback._reporter import ProgressReporter
from stigmer_callback._secret import Secret
from stigmer_callback._sequence import SequenceCounter
from stigmer_callback.errors import CallbackConfigError, CallbackError, ReportError

__all__ = [
    "Backoff",
    "CallbackClient",
    "CallbackConfig",
    "CallbackConfigError",
    "CallbackError",
    "DeliveryReport",
    "ProgressClient",
    "ProgressReporter",
    "ReportError",
    "ReporterLimits",
    "Secret",
    "SequenceCounter",
    "new_error_progress_event",
    "new_progress_event",
    "new_task_progress_event",
]
