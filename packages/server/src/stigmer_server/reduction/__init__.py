"""Pure functions from what happened to where an execution stands."""

from stigmer_server.reduction.events import reduce
from stigmer_server.reduction.phases import TERMINAL_PHASES, is_terminal, phase_after
from stigmer_server.reduction.reports import merge_report
from stigmer_server.reduction.task_types import TaskTypes, pack_task_types, task_types

__all__ = [
    "TERMINAL_PHASES",
    "TaskTypes",
    "is_terminal",
    "merge_report",
    "pack_task_types",
    "phase_after",
    "reduce",
    "task_types",
]
