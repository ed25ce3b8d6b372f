"""The activities of a worker: what an execution does outside its workflow."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from stigmer_dsl.json_types import JsonObject, JsonValue
from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.exceptions import CancelledError as TemporalCancelledError
from temporalio.service import RPCError, RPCStatusCode

from stigmer_engine.calls.attempt import ATTEMPT
from stigmer_engine.calls.caller import Caller
from stigmer_engine.events import ProgressEvent
from stigmer_engine.faults import Fault, fault
from stigmer_engine.runtimes.temporal.activity_attempt import ActivityAttempt
from stigmer_engine.runtimes.temporal.attendant import Attendant
from stigmer_engine.runtimes.temporal.calling import CallInput
from stigmer_engine.runtimes.temporal.child_end import ChildEnd
from stigmer_engine.runtimes.temporal.event_receiver import EventReceiver, LifecycleReceiver, Receiver
from stigmer_engine.runtimes.temporal.family_size import family_size
from stigmer_engine.runtimes.temporal.faults import error_of, failure_of
from stigmer_engine.runtimes.temporal.lifecycle_moment import LifecycleMoment
from stigmer_engine.runtimes.temporal.names import (
    BREATHE_ACTIVITY,
    BUDGET_ACTIVITY,
    CHILD_ACTIVITY,
    COMPLETE_ACTIVITY,
    DELIVER_ACTIVITY,
    DOCUMENT_ACTIVITY,
    DOCUMENT_ELSEWHERE_ACTIVITY,
    FAMILY_ACTIVITY,
    LIFECYCLE_ACTIVITY,
    NO_DOCUMENT,
    call_activity,
    workflow_id,
)
from stigmer_engine.runtimes.temporal.payloads.claimed_text import ClaimedText
from stigmer_engine.runtimes.temporal.payloads.problems import MissingSecrets
from stigmer_engine.runtimes.temporal.secret_source import SecretSource
from stigmer_engine.secrets import SecretVault

_BENIGN: Final = ApplicationErrorCategory.BENIGN
_HEARTBEATS_A_TIMEOUT: Final = 4
_RAREST_SECONDS: Final = 2.0
"""Between two signs of life, as a cancellation comes with the answer to one, and may take 5 seconds."""

Activity = Callable[..., Any]
FindDocument = Callable[[str, str, str], str | None]
Delivered = TypeVar("Delivered", ProgressEvent, LifecycleMoment)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityParts:
    """What the activities work with.

    Attributes:
        callers: by the kind of call.
        secrets: values for placeholders.
        receiver: of events; None when nobody wants them.
        lifecycle: of lifecycle events, in the same way.
        find_document: the text of a registered document by namespace, name and version.
        client: to wait for executions.
        attendant: completes activities elsewhere that wait for the end of an execution.
    """

    callers: Mapping[str, Caller]
    secrets: SecretSource
    receiver: EventReceiver | None
    lifecycle: LifecycleReceiver | None
    find_document: FindDocument
    client: Client
    attendant: Attendant


def build_activities(parts: ActivityParts) -> list[Activity]:
    """All activities, ready to be registered with a worker."""
    calls = [_call(kind, caller, parts.secrets) for kind, caller in parts.callers.items()]
    delivering = [
        _delivering(DELIVER_ACTIVITY, ProgressEvent.from_json, parts.receiver),
        _delivering(LIFECYCLE_ACTIVITY, LifecycleMoment.from_json, parts.lifecycle),
    ]
    return [*calls, _breathe, _over_budget, *delivering, *_finding(parts), _completing(parts.attendant)]


def _call(kind: str, caller: Caller, secrets: SecretSource) -> Activity:
    @activity.defn(name=call_activity(kind))
    async def perform(shown: dict[str, Any]) -> JsonValue:
        call = CallInput.from_json(shown)
        values = await _values(secrets, call.secrets_of) if call.secrets_of else {}
        vault = SecretVault(call.nonce, values)
        attempt = ActivityAttempt()
        ATTEMPT.set(attempt)
        try:
            return await _alive(caller.call(call.arguments, vault), attempt)
        except Fault as error:
            raise failure_of(vault.scrub_error(error.error)) from None

    return perform


async def _values(secrets: SecretSource, execution_id: str) -> Mapping[str, str]:
    """The secrets of an execution. What is not there now will not be there later, so that is not tried again."""
    try:
        return await secrets.fetch(execution_id)
    except Fault as error:
        raise failure_of(error.error) from None
    except MissingSecrets as missing:
        what = fault("authorization", "The secrets of the execution are not there", str(missing))
        raise failure_of(what.error) from None


async def _alive(work: Any, attempt: ActivityAttempt) -> JsonValue:
    """Do the work, and tell Temporal now and then that it is being done; so a cancellation reaches it too."""
    timeout = activity.info().heartbeat_timeout
    if timeout is None:
        result: JsonValue = await work
        return result
    beating = asyncio.ensure_future(
        _beat(attempt, min(timeout.total_seconds() / _HEARTBEATS_A_TIMEOUT, _RAREST_SECONDS))
    )
    try:
        result = await work
    finally:
        beating.cancel()
    return result


async def _beat(attempt: ActivityAttempt, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        attempt.beat()


@activity.defn(name=BREATHE_ACTIVITY)
async def _breathe() -> None:
    """Do nothing: what counts is that the workflow waited for it."""


@activity.defn(name=BUDGET_ACTIVITY)
async def _over_budget() -> None:
    """Do nothing: what counts is that it stands in history."""


def _delivering(
    name: str, item_of: Callable[[JsonObject], Delivered], receiver: Receiver[Delivered] | None
) -> Activity:
    @activity.defn(name=name)
    async def deliver(items: list[dict[str, Any]], last: bool) -> int:
        read = [item_of(item) for item in items]
        if receiver is None:
            return read[-1].sequence_number
        return await receiver.deliver(read, last=last)

    return deliver


def _finding(parts: ActivityParts) -> list[Activity]:
    @activity.defn(name=DOCUMENT_ACTIVITY)
    async def find(identity: dict[str, Any]) -> ClaimedText | None:
        text = parts.find_document(identity["namespace"], identity["name"], identity["version"])
        return None if text is None else ClaimedText(text)

    @activity.defn(name=DOCUMENT_ELSEWHERE_ACTIVITY)
    async def find_here(identity: dict[str, Any]) -> ClaimedText:
        found = await find(identity)
        if found is None:
            raise ApplicationError("this worker does not know the document", type=NO_DOCUMENT, category=_BENIGN)
        return found

    @activity.defn(name=FAMILY_ACTIVITY)
    async def count(root: str) -> int:
        return await family_size(parts.client, root)

    @activity.defn(name=CHILD_ACTIVITY)
    async def look_after(execution: str) -> JsonObject | None:
        handle = parts.client.get_workflow_handle(workflow_id(execution))
        lost = fault("runtime", "The sub-workflow came to no end", execution).error
        try:
            if (await handle.describe()).status is WorkflowExecutionStatus.RUNNING:
                return None
            end = ChildEnd(output=await handle.result())
        except WorkflowFailureError as error:
            if isinstance(error.cause, TemporalCancelledError):
                end = ChildEnd(cancelled=True)
            else:
                end = ChildEnd(error=error_of(error.cause) or lost)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            # Temporal has forgotten it, after the time for which it keeps what has ended.
            end = ChildEnd(error=lost)
        return end.to_json()

    return [find, find_here, count, look_after]


def _completing(attendant: Attendant) -> Activity:
    @activity.defn(name=COMPLETE_ACTIVITY)
    async def complete(token: str, snapshot: dict[str, Any]) -> None:
        try:
            await attendant.complete(token, snapshot)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            # Nothing to do: another attempt of it waits by now, or its caller gave it up.
            activity.logger.debug("an activity that waited for an execution is there no more")
        except ValueError as error:
            activity.logger.warning("a token by which an activity waits for an execution is none: %s", error)

    return complete
