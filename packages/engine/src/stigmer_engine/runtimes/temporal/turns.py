"""When a workflow gives its thread back.

A workflow that keeps its thread for too long counts as deadlocked (see `worker`). So pure work is counted, in units of
about 10 us that are the same on replay, and after so many of them a local activity lets the activation end. It costs
one marker in history, and about 4 ms.

Local activities keep the workflow task open, and what was done in it stands in history only when it ends. One that
lasts longer than Temporal gives it (10 s) is begun again from its start, for ever if the machine does not get quicker.
So every few turns a timer takes the place of the local activity: it ends the workflow task.
"""

from datetime import timedelta
from typing import Final

from stigmer_dsl.json_types import JsonValue
from temporalio import workflow
from temporalio.exceptions import FailureError

from stigmer_engine.expressions import Evaluator, Program
from stigmer_engine.expressions.evaluator import BudgetSpent
from stigmer_engine.runtimes.temporal.cancellations import raise_if_cancelled
from stigmer_engine.runtimes.temporal.faults import fault_of
from stigmer_engine.runtimes.temporal.names import BREATHE_ACTIVITY, BUDGET_ACTIVITY
from stigmer_engine.runtimes.temporal.rules import Rules

_AT_ONCE: Final = timedelta(milliseconds=1)
_SHORT: Final = timedelta(seconds=10)


class Turns:
    """Counts the pure work of one execution, by its rules."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._weights = rules.weights
        self._work = 0
        self._turns = 0
        self._ends_under_way = 0
        self._heard_at = -1

    def count(self, work: int) -> None:
        """Note that so much was done."""
        self._work += work

    def count_message(self) -> None:
        """Note that a signal or an update was taken in. A workflow task may bring thousands, before anything else."""
        self._work += self._weights.message
        self.heard()

    def heard(self) -> None:
        """Note that this workflow task has brought a message."""
        self._heard_at = workflow.info().get_current_history_length()

    @property
    def hearing(self) -> bool:
        """Whether this workflow task has brought a message; a cancellation that it brings too, the SDK tells later."""
        return self._heard_at == workflow.info().get_current_history_length()

    async def hear_out(self) -> None:
        """Let the SDK tell all that this workflow task has brought."""
        self._heard_at = -1
        await _mark(BREATHE_ACTIVITY)

    @property
    def over(self) -> bool:
        """Whether it is time to end the activation."""
        return self._work >= self._rules.turn_work

    @property
    def ending(self) -> bool:
        """Whether an activation is being ended, after which the execution goes on at once."""
        return self._ends_under_way > 0

    async def end(self) -> None:
        """Let the activation end, and go on in another one."""
        self._work = 0
        self._turns += 1
        self._ends_under_way += 1
        try:
            if self._turns % self._rules.turns_per_task == 0:
                await workflow.sleep(_AT_ONCE, summary="a turn for others")
            else:
                await _mark(BREATHE_ACTIVITY)
                if self._rules.keeps_cancellations:
                    raise_if_cancelled()
        finally:
            self._ends_under_way -= 1

    def began_anew(self) -> None:
        """Note that something was waited for, so that this is a new workflow task."""
        self._work = 0
        self._turns = 0

    async def evaluate(self, evaluator: Evaluator, program: Program, arguments: list[JsonValue]) -> JsonValue:
        """The value of a program.

        Raises:
            Fault: `expression`. That the budget is spent stands in history too: on a machine for which it suffices,
                the workflow then does not replay, instead of going another way.
        """
        before = evaluator.exchanged
        try:
            return await evaluator.evaluate(program, arguments, plain=self._rules.plain)
        except BudgetSpent:
            await _mark(BUDGET_ACTIVITY)
            raise
        finally:
            exchanged = evaluator.exchanged - before
            self.count(self._weights.evaluation + exchanged // self._weights.evaluated_bytes)


async def _mark(activity: str) -> None:
    try:
        await workflow.execute_local_activity(activity, start_to_close_timeout=_SHORT)
    except FailureError as error:
        raise fault_of(error, "A turn") from error
