"""Calls of many cases by one worker: each goes to the world of the case that it belongs to."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from stigmer_dsl.json_types import JsonObject, JsonValue
from temporalio import activity
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from stigmer_engine.calls.caller import Caller
from stigmer_engine.faults import Fault
from stigmer_engine.interpreter.port import CallRequest
from stigmer_engine.runtimes.temporal.faults import failure_of
from stigmer_engine.runtimes.temporal.names import CALL_KINDS
from stigmer_engine.runtimes.temporal.stage.calling_tasks import calling_task
from stigmer_engine.runtimes.temporal.stage.deferred_world import Deferred
from stigmer_engine.runtimes.temporal.stage.performance import Performances
from stigmer_engine.secrets import SecretVault

DEFERRED: Final = "case/deferred"
"""Type of the failures after which a call comes again."""


def routed_callers(performances: Performances) -> dict[str, Caller]:
    """Who performs the calls of the engine's own kinds."""
    return {kind: _RoutedCaller(kind, performances) for kind in CALL_KINDS}


class _RoutedCaller:
    def __init__(self, kind: str, performances: Performances) -> None:
        self._kind = kind
        self._performances = performances

    async def call(self, arguments: JsonObject, vault: SecretVault) -> JsonValue:
        """Ask the case's world. Raises Fault."""
        caller = self._performances.current().engine.callers[self._kind]
        return await _ask(self._performances, self._kind, arguments, lambda: caller.call(arguments, vault))


def foreign_activity(performances: Performances, queue: str) -> Callable[..., Any]:
    """Every activity that this engine does not know, on any queue; `queue` is that of the executions."""

    @activity.defn(dynamic=True)
    async def perform(arguments: Sequence[RawValue]) -> JsonValue:
        info, converter = activity.info(), activity.payload_converter()
        asked: JsonObject = {
            "name": info.activity_type,
            "arguments": [converter.from_payload(argument.payload) for argument in arguments],
            "taskQueue": None if info.task_queue == queue else info.task_queue,
            "options": _options(info),
        }
        try:
            return await _ask(performances, "activity", asked, _nobody)
        except Fault as error:
            raise failure_of(error.error) from None

    return perform


async def _ask(
    performances: Performances, kind: str, arguments: JsonObject, perform: Callable[[], Awaitable[JsonValue]]
) -> JsonValue:
    info, performance = activity.info(), performances.current()
    task = calling_task(info.workflow_id or "", info.activity_id)
    performance.world.enter()
    try:
        return await performance.world.intercept(
            CallRequest(kind=kind, id=info.activity_id, reference=task, arguments=arguments), perform
        )
    except Deferred as deferred:
        raise ApplicationError("the answer comes later", type=DEFERRED, next_retry_delay=deferred.delay) from None
    finally:
        await performance.arrive()


async def _nobody() -> JsonValue:
    raise AssertionError("activities of others are mocked")


def _options(info: activity.Info) -> JsonObject:
    """As a document writes them, as far as an activity can know."""
    options: JsonObject = {}
    if info.heartbeat_timeout:
        options["heartbeatTimeout"] = f"PT{info.heartbeat_timeout.total_seconds():g}S"
    if info.retry_policy is not None and info.retry_policy.maximum_attempts:
        options["retryPolicy"] = {"maximumAttempts": info.retry_policy.maximum_attempts}
    return options
