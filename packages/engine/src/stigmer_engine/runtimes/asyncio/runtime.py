"""The runtime port on an event loop."""

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Protocol

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.event_log import EventLog
from stigmer_engine.events import ProgressEvent
from stigmer_engine.expressions import Evaluator, Program
from stigmer_engine.faults import fault
from stigmer_engine.interpreter.port import CallRequest
from stigmer_engine.secrets import SecretVault

Clock = Callable[[], float]


class Caller(Protocol):
    """One kind of call."""

    async def call(self, arguments: JsonObject, vault: SecretVault) -> JsonValue:
        """Perform the call. Raises Fault; stops when cancelled."""
        ...


class AsyncioRuntime:
    """Calls, time and events of one execution in this process."""

    def __init__(
        self,
        *,
        evaluator: Evaluator,
        callers: Mapping[str, Caller],
        vault: SecretVault,
        log: EventLog,
        clock: Clock,
    ) -> None:
        self._evaluator = evaluator
        self._callers = callers
        self._vault = vault
        self._log = log
        self._clock = clock

    def now(self) -> float:
        """Unix time in seconds."""
        return self._clock()

    def random(self) -> float:
        """A number from 0 up to 1."""
        # The process's generator: to seed one for each execution costs more than starting the execution does.
        return random.random()  # noqa: S311 - jitter, not cryptography

    async def evaluate(self, program: Program, arguments: list[JsonValue]) -> JsonValue:
        """The value of a program. Raises Fault `expression`."""
        return await self._evaluator.evaluate(program, arguments)

    async def call(self, request: CallRequest) -> JsonValue:
        """Perform the call here. Raises Fault."""
        caller = self._callers.get(request.kind)
        if caller is None:
            raise fault("configuration", f"This runner performs no {request.kind} calls")
        return await caller.call(request.arguments, self._vault)

    async def breathe(self) -> None:
        """Let the loop serve everybody else."""
        await asyncio.sleep(0)

    def publish(self, event: ProgressEvent) -> None:
        """Append to the execution's log."""
        self._log.append(event)
