"""Sub-workflows of an execution: child workflows, which outlive the run of their parent that started them.

Temporal tells only that run of a child's end, and would end the children with it (`ParentClosePolicy`), also when the
parent merely continues as new. So children are left alone by Temporal: an execution that ends cancels those that it
waits for, and a later run of it asks each child to tell of its end by a signal. See docs/decisions/0760.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Final

from stigmer_dsl.json_types import JsonValue
from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    ChildWorkflowError,
    WorkflowAlreadyStartedError,
)
from temporalio.workflow import ChildWorkflowCancellationType, ParentClosePolicy

from stigmer_engine.faults import Fault, fault
from stigmer_engine.interpreter.port import UNKNOWN_WORKFLOW, ChildRequest
from stigmer_engine.runtimes.temporal.child_end import ChildEnd
from stigmer_engine.runtimes.temporal.distant_children import DistantChildren
from stigmer_engine.runtimes.temporal.document_search import find_document
from stigmer_engine.runtimes.temporal.family import Family
from stigmer_engine.runtimes.temporal.faults import fault_of
from stigmer_engine.runtimes.temporal.names import OUTLIVES_PARENT, WORKFLOW_TYPE, workflow_id
from stigmer_engine.runtimes.temporal.payloads.claimed_text import ClaimedText
from stigmer_engine.runtimes.temporal.start import Beginning, Start

_LOOK_SECONDS: Final = timedelta(seconds=30)

Handle = workflow.ChildWorkflowHandle[object, JsonValue]


class TemporalChildren:
    """Starts, awaits and cancels the sub-workflows of one execution.

    Args:
        distant: those that an earlier run started, and that are waited for.
        family: see `Family`.
        exposed: whether placeholders can be in what a child gets.
    """

    def __init__(self, start: Start, *, distant: DistantChildren, family: Family, exposed: bool) -> None:
        self._start = start
        self._starts: dict[str, asyncio.Task[Handle | None]] = {}
        self._cancelling: list[asyncio.Task[None]] = []
        self.family = family
        self._exposed = exposed
        self.distant = distant

    @property
    def running(self) -> tuple[str, ...]:
        """Ids of the sub-workflows that a task waits for."""
        return (*self.distant.ids, *self._starts)

    @property
    def settled(self) -> bool:
        """Whether everything asked of Temporal was done by it; what is not, a run that ends may leave undone."""
        return all(task.done() for task in (*self._starts.values(), *self._cancelling))

    async def start(self, request: ChildRequest) -> None:
        """Start the child, unless it was started before. Whoever is cancelled meanwhile may come back.

        Raises:
            Fault: `configuration`, when there is no such document, or sub-workflows are nested too deeply.
        """
        if request.id in self.distant.ids:
            return
        starting = self._starts.get(request.id)
        if starting is None:
            starting = self._starts[request.id] = asyncio.ensure_future(self._begin(request))
        try:
            handle = await asyncio.shield(starting)
        except Fault:
            self._starts.pop(request.id, None)
            raise
        if not request.awaited or handle is None:
            self._starts.pop(request.id, None)
        if request.awaited and handle is None:
            self.distant.add(request.id)

    async def wait(self, request: ChildRequest) -> JsonValue:
        """The child's output. Whoever is cancelled while waiting may come back and wait again.

        Raises:
            Fault: the child's own, as a fault of the task that waits; `runtime` when the child was cancelled.
        """
        what = f"The sub-workflow {request.name}"
        starting = self._starts.get(request.id)
        handle = starting.result() if starting is not None else None
        try:
            # Shielded, as a wait that is cancelled would be the end of the handle.
            end = ChildEnd(output=await asyncio.shield(handle)) if handle else await self._distant_end(request.id)
        except (ChildWorkflowError, ActivityError) as error:
            end = ChildEnd(error=fault_of(error, what).error)
        self._forget(request.id)
        if end.cancelled:
            raise fault("runtime", f"{what} was cancelled")
        if end.error is not None:
            # The place is one of the child's document; in this one, the place is the task.
            raise Fault(replace(end.error, instance=""))
        return end.output

    def cancel(self, request: ChildRequest) -> None:
        """Cancel the child, if it still runs."""
        self._cancel(request.id)

    async def close(self) -> None:
        """Cancel the children that nobody will wait for any more: their parent has ended."""
        for child in self.running:
            self._cancel(child)
        for cancelling in self._cancelling:
            await cancelling

    def leave(self) -> DistantChildren:
        """The children as the next run finds them."""
        return self.distant.joined_by(self._starts)

    def _cancel(self, child: str) -> None:
        starting = self._starts.get(child)
        if starting is not None or child in self.distant.ids:
            self._forget(child)
            self._cancelling.append(asyncio.ensure_future(_cancel(child, starting)))

    async def _distant_end(self, child: str) -> ChildEnd:
        return await self.distant.end_of(child, keeps_cancellations=self._start.rules.keeps_cancellations)

    def _forget(self, child: str) -> None:
        self._starts.pop(child, None)
        self.distant.forget(child)

    async def _begin(self, request: ChildRequest) -> Handle | None:
        """Start the child; None when it was started before."""
        wanted = f"{request.namespace}/{request.name}:{request.version}"
        found = await find_document(request, searches_elsewhere=self._start.rules.searches_elsewhere)
        if found is None:
            raise fault("configuration", f"There is no workflow {wanted}", UNKNOWN_WORKFLOW)
        if self._start.levels <= 0:
            detail = f"{wanted} would be one too many; does a workflow run itself?"
            raise fault("configuration", "Sub-workflows are nested too deeply", detail)
        share = await self.family.admit(wanted)
        start = replace(
            self._start,
            execution_id=request.id,
            inherited=self._start.inherited or self._exposed,
            levels=self._start.levels - 1,
            family=share,
            parent=request.awaited,
        )
        try:
            handle: Handle = await workflow.start_child_workflow(
                WORKFLOW_TYPE,
                args=[ClaimedText(found), start.to_json(), Beginning(input=request.input).to_json()],
                id=workflow_id(request.id),
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                cancellation_type=ChildWorkflowCancellationType.ABANDON,
                parent_close_policy=ParentClosePolicy.ABANDON,
                static_summary=wanted,
                memo=None if request.awaited else {OUTLIVES_PARENT: True},
            )
        except WorkflowAlreadyStartedError:
            return None
        return handle


async def _cancel(child: str, starting: "asyncio.Task[Handle | None] | None") -> None:
    try:
        if starting is not None:
            await starting
        await workflow.get_external_workflow_handle(workflow_id(child)).cancel(reason="its parent was cancelled")
    except (Fault, ApplicationError):
        # It did not start, or has ended already.
        return
