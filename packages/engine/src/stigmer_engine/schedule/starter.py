"""Starting instances: what a schedule does when its time has come."""

import logging
from collections import deque
from collections.abc import Callable

from stigmer_dsl.json_types import JsonValue

from stigmer_engine.runtimes.asyncio.execution import Execution

_log = logging.getLogger(__name__)

StartInstance = Callable[[JsonValue], Execution]
"""Starts the workflow with an input; null for the schedule's own."""


class Starter:
    """Starts instances and remembers the newest; a start that fails is logged, and the schedule goes on."""

    def __init__(self, name: str, start: StartInstance, kept: int) -> None:
        self._name = name
        self._start = start
        self.executions: deque[Execution] = deque(maxlen=max(kept, 1))
        self.count = 0
        self.problem = ""

    def start(self, value: JsonValue = None) -> Execution | None:
        """Start an instance; None when that failed."""
        try:
            execution = self._start(value)
        except Exception as error:
            self.report(f"an instance could not be started: {error}")
            _log.exception("schedule of %s: an instance could not be started", self._name)
            return None
        self.count += 1
        self.executions.append(execution)
        return execution

    def report(self, problem: str) -> None:
        """Remember and log what went wrong with the schedule itself."""
        self.problem = problem
        _log.warning("schedule of %s: %s", self._name, problem)
