"""Pure functions from what happened to where an execution stands."""

from stigmer_server.reduction.events import reduce
from stigmer_server.reduction.phases import TERMINAL_PHASES, is_terminal, phase_after
from stigmer_server.reduction.reports import merge_report

__all__ = ["TERMINAL_PHASES", "is_terminal", "merge_report", "phase_after", "reduce"]
