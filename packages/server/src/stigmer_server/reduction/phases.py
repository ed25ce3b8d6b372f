"""Which phase follows which."""

from types import MappingProxyType
from typing import Final

from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import ExecutionPhase
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowProgressEvent

TERMINAL_PHASES: Final = frozenset(
    {ExecutionPhase.EXECUTION_COMPLETED, ExecutionPhase.EXECUTION_FAILED, ExecutionPhase.EXECUTION_CANCELLED}
)
_OF_STATUS: Final = MappingProxyType(
    {
        "pending": ExecutionPhase.EXECUTION_PENDING,
        "running": ExecutionPhase.EXECUTION_IN_PROGRESS,
        "completed": ExecutionPhase.EXECUTION_COMPLETED,
        "failed": ExecutionPhase.EXECUTION_FAILED,
        "cancelled": ExecutionPhase.EXECUTION_CANCELLED,
        "paused": ExecutionPhase.EXECUTION_PAUSED,
    }
)
_NOT_STARTED: Final = frozenset({ExecutionPhase.EXECUTION_PHASE_UNSPECIFIED, ExecutionPhase.EXECUTION_PENDING})


def is_terminal(phase: ExecutionPhase) -> bool:
    """Whether no other phase can follow."""
    return phase in TERMINAL_PHASES


def may_follow(before: ExecutionPhase, after: ExecutionPhase) -> bool:
    """Whether a run in the phase `before` can be in the phase `after` next; staying where it is always may."""
    if before == after or before in _NOT_STARTED:
        return True
    return not is_terminal(before) and after not in _NOT_STARTED


def phase_after(phase: ExecutionPhase, event: WorkflowProgressEvent) -> ExecutionPhase:
    """The phase once `event` has happened. What cannot follow changes nothing: the log is older than the phase."""
    if event.task_reference or event.task_name:
        return ExecutionPhase.EXECUTION_IN_PROGRESS if phase in _NOT_STARTED else phase
    told = _OF_STATUS.get(event.status, phase)
    return told if may_follow(phase, told) else phase
