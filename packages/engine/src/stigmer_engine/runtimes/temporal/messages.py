"""The messages of other people: signals and updates that are events for the tasks that listen."""

import functools
import inspect
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from stigmer_dsl.json_types import JsonValue
from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from stigmer_engine.cloud_events import InvalidEvent
from stigmer_engine.execution import Execution
from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.runtimes.temporal.message_events import NamedMessages
from stigmer_engine.runtimes.temporal.names import RESERVED
from stigmer_engine.runtimes.temporal.replies import Replies
from stigmer_engine.runtimes.temporal.turns import Turns

Json = dict[str, Any]


class MessageHandlers:
    """What a workflow does with messages whose names are not the engine's own.

    They are handled by name and not each by a method: a message with too many or too few arguments would break a method
    with fixed ones, and with it the workflow task, again and again.
    """

    _prepared: PreparedDocument
    _execution: Execution
    _replies: Replies
    _turns: Turns
    _refusal: ApplicationError | None = None
    """What is wrong with the document; the execution then fails in its first turn, and has no state."""

    @cached_property
    def _named(self) -> NamedMessages:
        return NamedMessages(self._prepared.raw)

    @workflow.signal(
        dynamic=True, description="An event: `event` carries a CloudEvent, any other name is an event of that type"
    )
    def event_by_signal(self, name: str, arguments: Sequence[RawValue]) -> None:
        """Hand in an event. What is no CloudEvent is dropped with a warning: nobody waits for an answer."""
        if self._refusal is not None:
            return
        self._turns.count_message()
        if name.startswith(RESERVED):
            workflow.logger.warning("the signal %r is not known to this version, and is dropped", name)
            return
        if not self._prepared.may_listen or self._execution.log.closed:
            return
        try:
            event = self._named.event_of("signal", name, arguments, _new_id)
        except InvalidEvent as error:
            workflow.logger.warning("the signal %r carries no event, and is dropped: %s", name, error)
            return
        self._execution.deliver(event)

    @workflow.update(dynamic=True, description="An event as by a signal, with an answer when a task has consumed it")
    async def event_by_update(self, name: str, arguments: Sequence[RawValue]) -> Json:
        """Hand in an event, and answer when a listener has consumed it; see `Replies.answer`."""
        self._turns.count_message()
        # Ids are drawn here and not by the validator, which does not run on replay.
        event = self._named.event_of("update", name, arguments, _new_id)
        return await self._replies.answer(self._execution.deliver(event))

    @event_by_update.validator
    def _check_update(self, name: str, arguments: Sequence[RawValue]) -> None:
        if self._refusal is not None:
            raise self._refusal
        if self._execution.log.closed:
            raise _refused(f"the execution is {self._execution.status}, and takes no events any more", "stigmer/ended")
        if not self._prepared.may_listen:
            raise _refused("the document has no task that listens", "stigmer/no-listener")
        if name.startswith(RESERVED):
            raise _refused(f"the update {name!r} is not known to this version", "stigmer/unknown-update")
        try:
            self._named.event_of("update", name, arguments, lambda: "checked")
        except InvalidEvent as error:
            raise _refused(str(error), "stigmer/invalid-event") from error

    @workflow.query(dynamic=True, description="`$context`, for the queries that the document names in a `listen`")
    def named_query(self, name: str, arguments: Sequence[RawValue]) -> JsonValue:
        """`$context`, if the document names such a query (`{id: NAME, type: query}`). A query ends no listener."""
        del arguments
        if self._refusal is not None:
            raise self._refusal
        if not self._named.names("query", name):
            raise ApplicationError(f"there is no query {name!r}; ask `status`, `snapshot`, `context` or `events`")
        return self._execution.context


def drops_misfits(handler: Callable[..., None]) -> Callable[..., None]:
    """A signal handler that drops what does not fit its parameters, with a warning, and what comes to no execution.

    Temporal calls it all the same, and its error would fail the workflow task again and again.
    """
    signature = inspect.signature(handler)

    @functools.wraps(handler)
    def tolerant(workflow_object: MessageHandlers, *arguments: Any) -> None:
        if workflow_object._refusal is not None:  # noqa: SLF001 - its own handler
            return
        workflow_object._turns.heard()  # noqa: SLF001 - see above
        try:
            signature.bind(workflow_object, *arguments)
        except TypeError as error:
            workflow.logger.warning("a signal for `%s` does not fit, and is dropped: %s", handler.__name__, error)
        else:
            handler(workflow_object, *arguments)

    return tolerant


def _new_id() -> str:
    return str(workflow.uuid4())


def _refused(why: str, kind: str) -> ApplicationError:
    return ApplicationError(why, type=kind, non_retryable=True)
