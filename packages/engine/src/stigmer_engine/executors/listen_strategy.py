"""A listener at work: goes through the inbox, consumes what its strategy wants, and decides when it is done.

An event is consumed by every listener that is open when it arrives and matches. If there is none, it waits in the
inbox until a listener opens that matches, which consumes it alone. Everything a listener knows is in its frame; what
follows the last await of a step changes the frame synchronously.
"""

from bisect import bisect_right
from dataclasses import replace
from typing import Final

from stigmer_dsl.expressions import strip
from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.models.event import EventConsumption, SubscriptionIterator

from stigmer_engine.cloud_events import read_event
from stigmer_engine.cloud_events.event import ReadMode
from stigmer_engine.executors.listen_filter import (
    Expectations,
    Match,
    PlacedFilter,
    expected_values,
    match_event,
    placed_filters,
)
from stigmer_engine.executors.task_list import run_list
from stigmer_engine.faults import fault
from stigmer_engine.frames import UNSET, DoFrame, InboxEvent, ListenFrame, TakenEvent
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.schemas import validate
from stigmer_engine.interpreter.scope import Scope

_LOOKS_PER_BREATH: Final = 50


class Listener:
    """One strategy on one frame, new or half-way.

    Args:
        reference: JSON pointer of the task.
        frame: changed as the listener goes on.
        dot: the task's transformed input: `.` of `expect`, and the input of each round of `foreach.do`.
    """

    def __init__(
        self,
        *,
        run: Run,
        reference: str,
        strategy: EventConsumption,
        read: ReadMode,
        foreach: SubscriptionIterator | None,
        frame: ListenFrame,
        dot: JsonValue,
        scope: Scope,
    ) -> None:
        self._run = run
        self._reference = reference
        self._strategy = strategy
        self._read = read
        self._foreach = foreach
        self._frame = frame
        self._dot = dot
        self._scope = scope
        self._filters = tuple(placed_filters(strategy))
        until = strategy.until
        self._until = until if isinstance(until, EventConsumption) else None
        self._until_filters = tuple(placed_filters(self._until, "until/")) if self._until else ()
        # `until: ${ false }` has no end, so nobody will ever see what it consumed: keeping it would only fill memory.
        self._endless = isinstance(until, str) and strip(until).strip() == "false"
        self._looks = 0

    async def listen(self) -> Outcome:
        """The consumed events, once the strategy is satisfied.

        Raises:
            Fault: `expression`, for `until`, `expect` or `foreach`; `runtime`, when the listener consumed more events
                than it may keep; what a task of `foreach.do` raised.
        """
        frame = self._frame
        if frame.expectations is UNSET:
            filters = (*self._filters, *self._until_filters)
            frame.expectations = await expected_values(self._run, filters, self._dot, self._scope)
        while True:
            match frame.phase:
                case "listening":
                    await self._look()
                case "each":
                    ending = await self._go_through()
                    if ending is not None:
                        return ending
                case "deciding":
                    await self._decide()
                case "over":
                    return Outcome([item.value if item.output is UNSET else item.output for item in frame.taken])

    # --- which event --------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        """Look at the next event, or wait for one."""
        frame = self._frame
        if self._all_fulfilled(self._strategy, self._filters):
            frame.phase = "over"
            return
        entry = self._next()
        if entry is None:
            await self._run.arrived.wait()
            return
        self._looks += 1
        if self._looks % _LOOKS_PER_BREATH == 0:
            await self._run.runtime.breathe()
        stopping = await self._first_match(self._until_filters, entry)
        if self._until is not None and (stopping is not None or self._until.any == ()):
            if self._consume(entry, stopping):
                self._stop(self._until)
                self._run.receipt(entry.number, self._reference, settled=True)
            return
        found = await self._first_match(self._filters, entry)
        if found is None and self._strategy.any != ():
            frame.cursor = entry.number
            return
        if self._consume(entry, found):
            self._keep(entry)

    def _next(self) -> InboxEvent | None:
        """The next event to look at; what another listener took before is passed."""
        frame, inbox = self._frame, self._run.tree.inbox
        for index in range(bisect_right(inbox, frame.cursor, key=lambda entry: entry.number), len(inbox)):
            entry = inbox[index]
            if not self._taken_by_another(entry):
                return entry
        frame.cursor = self._run.tree.arrivals
        return None

    def _taken_by_another(self, entry: InboxEvent) -> bool:
        return entry.consumed and entry.number <= self._frame.opened_at

    async def _first_match(
        self, filters: tuple[PlacedFilter, ...], entry: InboxEvent
    ) -> tuple[PlacedFilter, Match] | None:
        frame = self._frame
        expected = frame.expectations if isinstance(frame.expectations, dict) else {}
        expectations = Expectations(expected=expected, first=frame.correlations)
        for placed in filters:
            if placed.place not in frame.fulfilled:
                match = await match_event(self._run, placed, entry.event, expectations, self._scope)
                if match is not None:
                    return placed, match
        return None

    def _consume(self, entry: InboxEvent, found: tuple[PlacedFilter, Match] | None) -> bool:
        """Take the event, unless another listener was quicker to take what had been waiting."""
        frame = self._frame
        frame.cursor = entry.number
        if self._taken_by_another(entry):
            return False
        entry.consumed = True
        self._run.receipt(entry.number, self._reference, settled=False)
        if found is not None:
            placed, match = found
            frame.correlations = {**frame.correlations, **match.correlations}
            if "all/" in placed.place:
                frame.fulfilled = [*frame.fulfilled, placed.place]
        return True

    def _keep(self, entry: InboxEvent) -> None:
        frame = self._frame
        taken = TakenEvent(value=read_event(entry.event, self._read))
        frame.count += 1
        if self._endless:
            frame.taken = [taken]
        else:
            limit = self._run.limits.max_consumed
            if frame.count > limit:
                detail = f"more than {limit}; listen to fewer at a time, or without an end (until: ${{ false }})"
                raise fault("runtime", "The listener consumed too many events", detail)
            frame.taken.append(taken)
        if self._foreach is not None:
            frame.phase = "each"
        else:
            frame.phase = "deciding"
            self._run.receipt(frame.cursor, self._reference, taken.value, settled=True)

    def _stop(self, until: EventConsumption) -> None:
        if until.all is None or self._all_fulfilled(until, self._until_filters):
            self._frame.phase = "over"

    def _all_fulfilled(self, strategy: EventConsumption, filters: tuple[PlacedFilter, ...]) -> bool:
        return strategy.all is not None and all(placed.place in self._frame.fulfilled for placed in filters)

    # --- what is done with it -----------------------------------------------------------------------------------

    async def _go_through(self) -> Outcome | None:
        """Do what `foreach` says with the newest event; the outcome of a task that completed the workflow, if any."""
        frame, foreach, run = self._frame, self._foreach, self._run
        assert foreach is not None
        newest = frame.taken[-1]
        names = {foreach.item.removeprefix("$"): newest.value, foreach.at.removeprefix("$"): frame.count - 1}
        scope = self._scope.bind(**names)
        if foreach.do and frame.result is UNSET:
            if frame.body is None:
                frame.body = DoFrame(value=self._dot)
            outcome = await run_list(run, foreach.do, f"{self._reference}/foreach/do", frame.body, scope)
            if outcome.ends:
                return outcome
            frame.result, frame.body = outcome.value, None
        output = newest.value if frame.result is UNSET else frame.result
        if foreach.output is not None:
            if foreach.output.as_ is not None:
                output = await run.transform("foreach.output.as", foreach.output.as_, output, scope)
            await validate(run, self._reference, "foreach.output", foreach.output.schema_, output, scope)
        if foreach.export is None:
            self._finish_round(newest, output)
            return None
        async with run.export_lock:
            context = run.tree.context
            if foreach.export.as_ is not None:
                context = await run.transform("foreach.export.as", foreach.export.as_, output, _after(scope, output))
            await validate(run, self._reference, "foreach.export", foreach.export.schema_, context, scope)
            run.tree.context = context
            self._finish_round(newest, output)
        return None

    def _finish_round(self, newest: TakenEvent, output: JsonValue) -> None:
        frame, foreach = self._frame, self._foreach
        if foreach is not None and foreach.output is not None and foreach.output.as_ is not None:
            newest.output = output
        frame.result, frame.phase = UNSET, "deciding"
        self._run.receipt(frame.cursor, self._reference, output, settled=True)

    async def _decide(self) -> None:
        """Find out whether the event just consumed was the last."""
        frame, until = self._frame, self._strategy.until
        if self._strategy.all is not None or self._endless or self._until is not None:
            frame.phase = "listening"
        elif isinstance(until, str):
            consumed: list[JsonValue] = [item.value for item in frame.taken]
            over = await self._run.expression("listen.until", until, consumed, self._scope)
            frame.phase = "listening" if over is None or over is False else "over"
        else:
            frame.phase = "over"


def _after(scope: Scope, output: JsonValue) -> Scope:
    """The scope in which `$output` is set."""
    return scope if scope.task is None else replace(scope, task=replace(scope.task, output=output))
