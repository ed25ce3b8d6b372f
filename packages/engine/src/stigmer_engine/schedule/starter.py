"""Starting instances: what a schedule does when its time has come."""

import logging
import time
from collections import deque
from collections.abc import Callable

from stigmer_dsl.json_types import JsonValue

from stigmer_engine.execution import Execution
from stigmer_engine.faults import Fault
from stigmer_engine.runtimes.asyncio.runtime import Clock

_log = logging.getLogger(__name__)

StartInstance = Callable[[JsonValue], Execution]
"""Starts the workflow with an input; null for the schedule's own."""


class Starter:
    """Starts instances and remembers the newest; a start that fails is logged, and the schedule goes on."""

    def __init__(self, name: str, start: StartInstance, kept: int, clock: Clock = time.time) -> None:
        self._name = name
        self._clock = clock
        self._start = start
        self.executions: deque[Execution] = deque(maxlen=max(kept, 1))
        self.count = 0
        self.problem = ""
        self.last_time: float | None = None
        self._due: dict[str, float] = {}

    @property
    def next_time(self) -> float | None:
        """The next start that a clock decides, in Unix seconds; None when there is none, or it is not known yet."""
        return min(self._due.values(), default=None)

    def expect(self, trigger: str, time: float | None) -> None:
        """Remember when a trigger will start an instance next; None when it cannot tell."""
        if time is None:
            self._due.pop(trigger, None)
        else:
            self._due[trigger] = time

    def start(self, value: JsonValue = None) -> Execution | None:
        """Start an instance; None when that failed."""
        try:
            execution = self._start(value)
        except Fault as refusal:
            self.report(f"an instance could not be started: {refusal.error.sentence}")
            return None
        except Exception as error:
            self.report(f"an instance could not be started: {error}")
            _log.exception("schedule of %s: an instance could not be started", self._name)
            return None
        self.count += 1
        self.last_time = self._clock()
        self.executions.append(execution)
        return execution

    def report(self, problem: str) -> None:
        """Remember and log what went wrong with the schedule itself."""
        self.problem = problem
        _log.warning("schedule of %s: %s", self._name, problem)
