"""The workflow type that interprets any document, inside one history."""

import asyncio
from contextlib import suppress
from typing import Any

from stigmer_dsl import InvalidDocument
from stigmer_dsl.json_types import JsonObject, JsonValue
from temporalio import workflow
from temporalio.exceptions import ApplicationError, CancelledError

from stigmer_engine.event_log import EventLog
from stigmer_engine.events import ProgressEvent, Status
from stigmer_engine.execution import Execution
from stigmer_engine.frames import Tree, decode_tree
from stigmer_engine.interpreter.interpreter import Interpreter
from stigmer_engine.runtimes.temporal.attendance import Attendance
from stigmer_engine.runtimes.temporal.calling import Calls
from stigmer_engine.runtimes.temporal.child_end import ChildEnd
from stigmer_engine.runtimes.temporal.children import TemporalChildren
from stigmer_engine.runtimes.temporal.deliveries import Deliveries
from stigmer_engine.runtimes.temporal.details import CurrentDetails
from stigmer_engine.runtimes.temporal.distant_children import DistantChildren
from stigmer_engine.runtimes.temporal.event_page import event_page
from stigmer_engine.runtimes.temporal.family import Family
from stigmer_engine.runtimes.temporal.faults import failure_of
from stigmer_engine.runtimes.temporal.indexing import announce_child
from stigmer_engine.runtimes.temporal.messages import MessageHandlers, drops_misfits
from stigmer_engine.runtimes.temporal.names import (
    ATTEND_SIGNAL,
    CANCEL_SIGNAL,
    CHILD_ENDED_SIGNAL,
    CONTEXT_QUERY,
    EVENTS_QUERY,
    INVALID_DOCUMENT,
    PAUSE_SIGNAL,
    RESUME_SIGNAL,
    SNAPSHOT_QUERY,
    STATUS_QUERY,
    TELL_PARENT_SIGNAL,
    WORKFLOW_TYPE,
)
from stigmer_engine.runtimes.temporal.payloads.claimed_text import ClaimedText
from stigmer_engine.runtimes.temporal.replies import Replies
from stigmer_engine.runtimes.temporal.runtime import TemporalRuntime
from stigmer_engine.runtimes.temporal.start import (
    Beginning,
    Continuation,
    Start,
    Undelivered,
    position_from_json,
)
from stigmer_engine.runtimes.temporal.turns import Turns
from stigmer_engine.runtimes.temporal.workflow_services import services_of
from stigmer_engine.snapshot import Snapshot
from stigmer_engine.snapshot_json import snapshot_to_json

Json = dict[str, Any]
"""JSON at Temporal's edge: a type that its converter reads as it is."""


@workflow.defn(name=WORKFLOW_TYPE)
class InterpretWorkflow(MessageHandlers):
    """One execution of a document."""

    @workflow.init
    def __init__(self, definition: ClaimedText, start: Json, position: Json) -> None:
        """Stand where the execution stands. Signals may come before `run`, and find everything in its place.

        Args:
            definition: the document.
            start: see `Start`.
            position: see `Beginning` and `Continuation`.
        """
        self._start_json = start
        self._start = Start.from_json(start)
        self._services = services_of(workflow.info().task_queue)
        try:
            self._prepared = self._services.documents.get(definition.text)
        except InvalidDocument as invalid:
            # `run` fails by it. An error in here would be one for each message too, and none of them is expected.
            self._refusal = ApplicationError(str(invalid), type=INVALID_DOCUMENT, non_retryable=True)
            return
        self._forcing: asyncio.Future[None] | None = None
        place = position_from_json(position)
        self._turns = Turns(self._start.rules)
        undelivered = place.undelivered if isinstance(place, Continuation) else Undelivered()
        self._deliveries = Deliveries(self._start, self._prepared, undelivered, lambda: self._turns.ending)
        self._attendance = Attendance(place.attending if isinstance(place, Continuation) else ())
        self._children = TemporalChildren(
            self._start,
            distant=place.children if isinstance(place, Continuation) else DistantChildren(),
            family=Family(self._start, place.family if isinstance(place, Continuation) else self._start.family),
            exposed=bool(self._start.secrets) or bool(self._prepared.calls),
        )
        self._asked = place.asked if isinstance(place, Continuation) else False
        self._replies = Replies()
        self._details = CurrentDetails()
        self._execution = self._execute(place)

    @workflow.run
    async def run(self, definition: ClaimedText, start: Json, position: Json) -> JsonValue:
        """Run to the end, or continue as new.

        Returns:
            The workflow's output.

        Raises:
            ApplicationError: the error that nobody caught, of type `stigmer/fault`.
            CancelledError: it was cancelled.
        """
        del start, position
        if self._refusal is not None:
            raise self._refusal
        self._deliveries.begin()
        if workflow.info().parent is not None and workflow.info().continued_run_id is None:
            announce_child(self._prepared, self._start.attributes)
        details = asyncio.ensure_future(self._details.run(self._execution))
        await self._until_stopped()
        if not self._execution.log.closed:
            await self._settle()
        if not self._execution.log.closed:
            await self._answer_updates(kept=True)
            self._continue_as_new(definition)
        # In a task of its own, which a cancellation that comes now cannot reach: it comes too late.
        ending = asyncio.ensure_future(self._end())
        await self._uncancelled(ending.done)
        ending.result()
        details.cancel()
        return await self._result()

    # --- messages -----------------------------------------------------------------------------------------------

    @workflow.signal(name=PAUSE_SIGNAL)
    @drops_misfits
    def pause(self, reason: str = "") -> None:
        """Stop at the next boundary. No effect on an execution that has ended."""
        if not self._execution.log.closed:
            self._execution.pause(reason)

    @workflow.signal(name=RESUME_SIGNAL)
    @drops_misfits
    def resume(self, reason: str = "") -> None:
        """Go on after a pause. No effect on an execution that has ended."""
        if not self._execution.log.closed:
            self._execution.resume(reason)

    @workflow.signal(name=CANCEL_SIGNAL)
    @drops_misfits
    def force_cancel(self, reason: str = "") -> None:
        """Interrupt everything. Temporal's own cancellation, which must come too, is the graceful one."""
        if not self._execution.log.closed:
            self._execution.cancel(reason)

    @workflow.signal(name=ATTEND_SIGNAL)
    @drops_misfits
    def attend(self, token: str) -> None:
        """Complete one more activity when the execution has ended; `token` is its task token in base64."""
        self._attendance.add(token)

    @workflow.signal(name=TELL_PARENT_SIGNAL)
    @drops_misfits
    def ask(self) -> None:
        """Tell the parent of the end, as Temporal will not: it has continued as new."""
        self._asked = True

    @workflow.signal(name=CHILD_ENDED_SIGNAL)
    @drops_misfits
    def child_ended(self, child: str, end: Json) -> None:
        """Take what a sub-workflow, by its execution id, tells of its end."""
        self._children.distant.told(child, ChildEnd.from_json(end))

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> str:
        """The state: `pending`, `running`, `paused`, `completed`, `failed` or `cancelled`."""
        return str(self._told.status)

    @workflow.query(name=SNAPSHOT_QUERY)
    def snapshot(self) -> Json:
        """The state of the execution and of its tasks."""
        return snapshot_to_json(self._told.snapshot)

    @workflow.query(name=CONTEXT_QUERY)
    def context(self) -> JsonValue:
        """`$context` as it is now; `[secret:NAME]` stands for placeholders of secrets."""
        return self._told.context

    @workflow.query(name=EVENTS_QUERY)
    def events(self, after: int = 0, most: int = 500) -> Json:
        """See `event_page`."""
        return event_page(self._told.log, after=after, most=most, previous=workflow.info().continued_run_id)

    @property
    def _told(self) -> Execution:
        """The execution, for whoever asks about it. Raises what is wrong with its document."""
        if self._refusal is not None:
            raise self._refusal
        return self._execution

    # --- the run ------------------------------------------------------------------------------------------------

    def _execute(self, place: Beginning | Continuation) -> Execution:
        start = self._start
        if isinstance(place, Continuation):
            tree, snapshot, departed = decode_tree(place.departure.tree), place.snapshot, place.departure
        else:
            tree, snapshot, departed = _new_tree(start, place), Snapshot(execution_id=start.execution_id), None
        log = EventLog(after=tree.sequence)
        runtime = TemporalRuntime(
            evaluator=self._services.evaluator,
            turns=self._turns,
            calls=Calls(self._prepared, start),
            children=self._children,
            published=lambda event: self._publish(log, event),
            steps=start.rules.limits.breathe_every,
            emitted=self._take,
            attributes=start.attributes,
        )

        def interpret(tree: Tree) -> Interpreter:
            interpreter = Interpreter(
                prepared=self._prepared,
                runtime=runtime,
                tree=tree,
                secrets=start.secrets,
                environment=start.env,
                limits=start.rules.limits,
                inherited=start.inherited,
            )
            interpreter.run_state.on_receipt = self._replies.on_receipt
            return interpreter

        return Execution(tree, log, interpret, snapshot=snapshot, departed=departed, contain_defects=False)

    def _take(self, event: JsonObject) -> None:
        """Listen to what the execution itself has published."""
        if self._prepared.may_listen:
            self._execution.deliver(event)

    def _publish(self, log: EventLog, event: ProgressEvent) -> None:
        log.append(event)
        self._details.tell()
        self._deliveries.add(event)

    async def _until_stopped(self) -> None:
        stopped = asyncio.ensure_future(self._execution.wait_stopped())
        await self._uncancelled(lambda: stopped.done() or self._must_leave())
        if not stopped.done():
            self._execution.leave()
            await self._uncancelled(stopped.done)
        stopped.result()

    async def _settle(self) -> None:
        """Wait for what a run that continues as new would leave undone or unheard: a cancellation would be lost."""
        await self._uncancelled(lambda: self._children.settled and not self._deliveries.busy)
        while self._start.rules.hears_out and self._turns.hearing:
            # In a task of its own, which the cancellation does not interrupt.
            hearing = asyncio.ensure_future(self._turns.hear_out())
            await self._uncancelled(hearing.done)
            hearing.result()

    async def _uncancelled(self, condition: Any) -> None:
        """Wait for a condition; a cancellation winds the execution down, which in time makes the condition true."""
        while True:
            try:
                await workflow.wait_condition(condition)
            except asyncio.CancelledError:
                self._wind_down(workflow.cancellation_reason() or "")
            else:
                return

    def _must_leave(self) -> bool:
        info, most = workflow.info(), self._start.rules.history_events
        return info.is_continue_as_new_suggested() or 0 < most <= info.get_current_history_length()

    def _wind_down(self, reason: str) -> None:
        if self._execution.log.closed:
            return
        self._execution.wind_down(reason)
        if self._forcing is None:
            self._forcing = asyncio.ensure_future(self._force_later(reason))

    async def _force_later(self, reason: str) -> None:
        await asyncio.sleep(self._start.rules.cancel_grace_seconds)
        self.force_cancel(reason)

    def _continue_as_new(self, definition: ClaimedText) -> None:
        """Go on in a new history. Nothing may happen between the reading of the state and this."""
        departure = self._execution.departure()
        if departure is None:
            return
        continuation = Continuation(
            departure=departure,
            snapshot=self._execution.snapshot,
            undelivered=self._deliveries.carried(),
            children=self._children.leave(),
            family=self._children.family.left,
            attending=self._attendance.tokens,
            asked=self._asked,
        )
        workflow.continue_as_new(args=[definition, self._start_json, continuation.to_json()])

    async def _end(self) -> None:
        if self._forcing is not None:
            self._forcing.cancel()
        await self._deliveries.finish()
        await self._children.close()
        await self._attendance.finish(self._execution)
        await self._tell_parent()
        await self._answer_updates(kept=False)

    async def _answer_updates(self, *, kept: bool) -> None:
        """Answer the updates that still wait: an unanswered one would be an error for whoever sent it."""
        self._replies.close(kept=kept)
        await self._uncancelled(workflow.all_handlers_finished)

    async def _tell_parent(self) -> None:
        parent = workflow.info().parent
        if parent is None or not self._asked:
            return
        result = await self._execution.wait_inside()
        end = ChildEnd(output=result.output, error=result.error, cancelled=result.status is Status.CANCELLED)
        with suppress(ApplicationError):
            # One that has ended wants to know no more.
            await workflow.get_external_workflow_handle(parent.workflow_id).signal(
                CHILD_ENDED_SIGNAL, args=[self._start.execution_id, end.to_json()]
            )

    async def _result(self) -> JsonValue:
        execution = self._execution
        if execution.status is Status.CANCELLED:
            await self._own_cancellation()
            raise CancelledError("the execution was cancelled")
        # A parent fills placeholders of secrets in, as its own; everybody else gets none.
        result = await (execution.wait_inside() if self._start.parent else execution.wait())
        if result.error is not None:
            raise failure_of(result.error)
        return result.output

    async def _own_cancellation(self) -> None:
        """Wait for Temporal's own cancellation, which follows a forced one; without it, the end counts as a failure.

        Both may come in one workflow task, and then the signal is handled first.
        """
        seconds = self._start.rules.own_cancellation_seconds
        if seconds > 0 and workflow.cancellation_reason() is None:
            with suppress(TimeoutError, asyncio.CancelledError):
                await workflow.wait_condition(lambda: False, timeout=seconds, timeout_summary="Temporal's cancellation")


def _new_tree(start: Start, beginning: Beginning) -> Tree:
    now = workflow.time()
    seconds = beginning.max_timeout_seconds
    return Tree(
        execution_id=start.execution_id,
        nonce=start.nonce,
        started_at=now,
        raw_input={} if beginning.input is None else beginning.input,
        deadline=now + seconds if seconds > 0 else None,
    )
