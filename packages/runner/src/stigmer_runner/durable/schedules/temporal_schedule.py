"""A schedule that Temporal keeps, as the HTTP port shows it."""

from collections.abc import Sequence
from datetime import datetime

from temporalio.client import Client, ScheduleActionExecutionStartWorkflow, ScheduleActionResult
from temporalio.service import RPCError

from stigmer_runner.durable.schedules.names import execution_of
from stigmer_runner.executions.schedule_state import ScheduleState


class TemporalSchedule:
    """Asks Temporal each time: other runners show the same.

    Args:
        schedule: its id; empty for one that Temporal does not keep.
        problem: what of it has no effect.
    """

    def __init__(self, client: Client, schedule: str, problem: str) -> None:
        self._client = client
        self._schedule = schedule
        self._problem = problem

    async def state(self) -> ScheduleState:
        """See `ScheduleSource`."""
        if not self._schedule:
            return ScheduleState(problem=self._problem)
        try:
            found = await self._client.get_schedule_handle(self._schedule).describe()
        except RPCError as error:
            return ScheduleState(problem=f"Temporal does not tell: {error.message}")
        info, paused = found.info, found.schedule.state.paused
        recent = info.recent_actions
        return ScheduleState(
            active=not paused,
            next_time=_first(info.next_action_times) if not paused else None,
            last_time=recent[-1].started_at.timestamp() if recent else None,
            count=info.num_actions,
            executions=_executions(recent),
            problem=self._problem,
        )


def _first(times: Sequence[datetime]) -> float | None:
    return times[0].timestamp() if times else None


def _executions(actions: Sequence[ScheduleActionResult]) -> tuple[str, ...]:
    starters = [action.action for action in actions]
    return tuple(
        execution_of(starter.workflow_id)
        for starter in starters
        if isinstance(starter, ScheduleActionExecutionStartWorkflow)
    )
