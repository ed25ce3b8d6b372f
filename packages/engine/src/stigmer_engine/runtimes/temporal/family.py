"""How many sub-workflows there may be: the steps of each are bounded, and so must be their number.

An execution counts those that it starts itself. Those of all others below the same root, Temporal's index counts: the
root alone has no other to ask for. It is asked by a local activity, before the first, second, fourth, eighth and so on,
so that what multiplies is stopped for a few markers. The index is a moment behind, so the bound is not an exact one.
"""

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.exceptions import FailureError

from stigmer_engine.faults import fault
from stigmer_engine.runtimes.temporal.faults import fault_of
from stigmer_engine.runtimes.temporal.names import FAMILY_ACTIVITY
from stigmer_engine.runtimes.temporal.start import Start

_COUNT_SECONDS: Final = timedelta(seconds=10)


class Family:
    """The sub-workflows of one execution, among those of the whole family.

    Args:
        left: how many more it may start; without `Start.whole_family`, how many more there may be below it.
    """

    def __init__(self, start: Start, left: int) -> None:
        self._start = start
        self.left = left

    async def admit(self, wanted: str) -> int:
        """Count one more, the document `wanted`.

        Returns:
            `Start.family` of that one.

        Raises:
            Fault: `configuration`, when there are too many.
        """
        if self.left <= 0:
            raise _too_many(wanted)
        self.left -= 1
        whole = self._start.whole_family
        if whole is None:
            share = self.left // 2
            self.left -= share
            return share
        started = whole - self.left
        root = workflow.info().root
        if root is not None and workflow.info().parent is not None and started.bit_count() == 1:
            await self._ask(root.workflow_id, whole, wanted)
        return whole

    async def _ask(self, root: str, most: int, wanted: str) -> None:
        try:
            found = await workflow.execute_local_activity(
                FAMILY_ACTIVITY, root, start_to_close_timeout=_COUNT_SECONDS, result_type=int
            )
        except FailureError as error:
            raise fault_of(error, "The count of sub-workflows") from error
        if found >= most:
            raise _too_many(wanted)


def _too_many(wanted: str) -> Exception:
    detail = f"{wanted} would be one more than there may be; does a workflow run itself?"
    return fault("configuration", "Too many sub-workflows", detail)
