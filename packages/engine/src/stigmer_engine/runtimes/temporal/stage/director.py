"""Lets happen to an execution on Temporal what its case says, at the virtual time or at the task it says."""

import asyncio
from collections.abc import Sequence

from stigmer_dsl.json_types import JsonObject

from stigmer_engine.cases.director import complete, is_due
from stigmer_engine.cases.model import Happening
from stigmer_engine.cases.model.fixed_duration import seconds_of
from stigmer_engine.events import ProgressEvent
from stigmer_engine.runtimes.temporal.executions import TemporalExecution
from stigmer_engine.runtimes.temporal.following import UnknownExecution
from stigmer_engine.runtimes.temporal.stage.virtual_time import VirtualTime


class TemporalDirector:
    """Works for one execution.

    Args:
        until: seconds of virtual time at which the case is over; None for the end of the execution.
    """

    def __init__(self, happenings: Sequence[Happening], until: float | None) -> None:
        self._timed = sorted(
            (happening for happening in happenings if happening.at is not None), key=lambda each: seconds_of(each.at)
        )
        self._waiting = [happening for happening in happenings if happening.at is None]
        self._until = until
        self._number = 0
        self._execution: TemporalExecution | None = None
        self._time: VirtualTime | None = None
        self._ready = asyncio.Event()

    @property
    def watches(self) -> bool:
        """Whether it must see the events."""
        return bool(self._waiting)

    @property
    def times(self) -> bool:
        """Whether something happens at a time."""
        return bool(self._timed) or self._until is not None

    async def direct(self, execution: TemporalExecution, time: VirtualTime) -> bool:
        """Let time pass, and happen what is due; whether the execution has ended by then."""
        self._execution, self._time = execution, time
        self._ready.set()
        for happening in self._timed:
            if not await time.reach(seconds_of(happening.at)):
                return True
            await self._let_happen(happening)
        if self._until is not None:
            return not await time.reach(self._until)
        await time.run_out()
        return True

    async def see(self, event: ProgressEvent) -> None:
        """Let happen what is due with an event."""
        due = [happening for happening in self._waiting if is_due(happening, event)]
        for happening in due:
            self._waiting.remove(happening)
            await self._ready.wait()
            await self._let_happen(happening)

    async def _let_happen(self, happening: Happening) -> None:
        assert self._execution is not None
        assert self._time is not None
        try:
            if happening.event is not None:
                self._number += 1
                await self._execution.deliver(await self._completed(happening.event, self._time))
            elif happening.do == "pause":
                await self._execution.pause()
            elif happening.do == "resume":
                await self._execution.resume()
            else:
                await self._execution.cancel(force=True)
        except UnknownExecution:
            # To a run that has ended nothing happens any more; what the case expects of it shows that.
            return

    async def _completed(self, event: JsonObject, time: VirtualTime) -> JsonObject:
        return complete(event, self._number, await time.now())
