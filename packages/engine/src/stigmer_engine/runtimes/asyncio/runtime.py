"""The runtime port on an event loop."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.calls.caller import Caller
from stigmer_engine.event_log import EventLog
from stigmer_engine.events import ProgressEvent
from stigmer_engine.expressions import Evaluator, Program
from stigmer_engine.faults import fault
from stigmer_engine.interpreter.port import CallRequest, ChildRequest
from stigmer_engine.runtimes.asyncio.children import Children
from stigmer_engine.secrets import SecretVault

Clock = Callable[[], float]


Interceptor = Callable[[CallRequest, Callable[[], Awaitable[JsonValue]]], Awaitable[JsonValue]]
"""Stands around every call: gets the request and what performs it, and gives the call's value or raises Fault."""


class AsyncioRuntime:
    """Calls, time and events of one execution in this process."""

    def __init__(
        self,
        *,
        evaluator: Evaluator,
        callers: Mapping[str, Caller],
        vault: SecretVault,
        log: EventLog,
        children: Children,
        clock: Clock,
        interceptor: Interceptor | None = None,
    ) -> None:
        self._evaluator = evaluator
        self._callers = callers
        self._vault = vault
        self._log = log
        self._children = children
        self._clock = clock
        self._interceptor = interceptor

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
        if self._interceptor is not None:
            return await self._interceptor(request, lambda: self._perform(request))
        return await self._perform(request)

    async def _perform(self, request: CallRequest) -> JsonValue:
        caller = self._callers.get(request.kind)
        if caller is None:
            raise fault("configuration", f"This runner performs no {request.kind} calls")
        return await caller.call(request.arguments, self._vault)

    async def start_child(self, request: ChildRequest) -> None:
        """Start a sub-workflow in this engine. Raises Fault."""
        self._children.start(request)

    async def await_child(self, request: ChildRequest) -> JsonValue:
        """The output of a sub-workflow. Raises its Fault."""
        return await self._children.wait(request)

    def cancel_child(self, request: ChildRequest) -> None:
        """Cancel a sub-workflow, if it still runs."""
        self._children.cancel(request)

    async def sleep(self, seconds: float, why: str) -> None:
        """Let time pass; nobody sees why."""
        del why
        await asyncio.sleep(seconds)

    async def breathe(self) -> None:
        """Let the loop serve everybody else."""
        await asyncio.sleep(0)

    def index(self, attributes: JsonObject) -> None:
        """Do nothing: executions in this process have no index."""

    def publish(self, event: ProgressEvent) -> None:
        """Append to the execution's log."""
        self._log.append(event)
