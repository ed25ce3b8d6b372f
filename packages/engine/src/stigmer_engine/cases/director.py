"""Lets happen to a run what its case says, at the time or at the task it says."""

import asyncio
import contextlib
from collections.abc import Sequence

from stigmer_dsl.json_types import JsonObject

from stigmer_engine.bus.port import EventBus
from stigmer_engine.cases.matching import task_fits
from stigmer_engine.cases.model import Happening
from stigmer_engine.cases.model.fixed_duration import seconds_of
from stigmer_engine.events import EventType, ProgressEvent
from stigmer_engine.execution import Execution, WrongState
from stigmer_engine.interpreter.scope import iso8601
from stigmer_engine.testing.virtual_time import virtual_clock

_ENDS = (EventType.TASK_COMPLETED, EventType.TASK_FAILED, EventType.TASK_SKIPPED)


class Director:
    """Works for one execution (or a schedule), from before its first event until it is closed."""

    def __init__(self, bus: EventBus, execution: Execution | None, happenings: Sequence[Happening]) -> None:
        self._bus = bus
        self._execution = execution
        self._number = 0
        self._timers: list[asyncio.Handle] = []
        self._waiting: list[Happening] = []
        loop = asyncio.get_running_loop()
        for happening in happenings:
            if happening.at is not None:
                self._timers.append(loop.call_later(seconds_of(happening.at), self._let_happen, happening))
            else:
                self._waiting.append(happening)
        if execution is not None:
            execution.log.listen(self._on_event)

    def close(self) -> None:
        """Let nothing happen any more."""
        for timer in self._timers:
            timer.cancel()
        self._waiting.clear()

    def _on_event(self, event: ProgressEvent) -> None:
        due = [happening for happening in self._waiting if is_due(happening, event)]
        for happening in due:
            self._waiting.remove(happening)
            # After the step that reports, not in it.
            self._timers.append(asyncio.get_running_loop().call_soon(self._let_happen, happening))

    def _let_happen(self, happening: Happening) -> None:
        if happening.event is not None:
            self._number += 1
            self._bus.receive(complete(happening.event, self._number, virtual_clock()))
            return
        if self._execution is None:
            return
        # To a run that has ended nothing happens any more; what the case expects of it shows that.
        with contextlib.suppress(WrongState):
            match happening.do:
                case "pause":
                    self._execution.pause()
                case "resume":
                    self._execution.resume()
                case _:
                    self._execution.cancel()


def is_due(happening: Happening, event: ProgressEvent) -> bool:
    """Whether this event is the moment that a happening waits for."""
    if event.event_type is EventType.TASK_STARTED and happening.starts is not None:
        return task_fits(happening.starts, event.task_name, event.task_reference)
    if event.event_type in _ENDS and happening.ends is not None:
        return task_fits(happening.ends, event.task_name, event.task_reference)
    return False


def complete(event: JsonObject, number: int, now: float) -> JsonObject:
    """The CloudEvent of a happening, at a Unix time, with what its case leaves out."""
    return {
        "specversion": "1.0",
        "id": f"event-{number}",
        "source": "https://cases.example/events",
        "time": iso8601(now),
        **event,
    }
