"""Sub-workflows of an execution: child workflows, and, where the execution continued as new, executions to wait for.

A child outlives the run of its parent that started it, but only that run is told of its end. So what a later run
waits for, an activity waits for in its place.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final, cast

from stigmer_dsl.json_types import JsonObject, JsonValue
from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, ChildWorkflowError, WorkflowAlreadyStartedError
from temporalio.workflow import ChildWorkflowCancellationType, ParentClosePolicy

from stigmer_engine.faults import Fault, fault
from stigmer_engine.interpreter.port import ChildRequest
from stigmer_engine.runtimes.temporal.faults import fault_of
from stigmer_engine.runtimes.temporal.names import (
    CHILD_ACTIVITY,
    DOCUMENT_ACTIVITY,
    WORKFLOW_TYPE,
    workflow_id,
)
from stigmer_engine.runtimes.temporal.payloads.claimed_text import ClaimedText
from stigmer_engine.runtimes.temporal.start import Beginning, Start

_LOOK_SECONDS: Final = timedelta(seconds=30)
_FOR_EVER: Final = timedelta(days=3650)
_HEARTBEAT: Final = timedelta(seconds=30)

Handle = workflow.ChildWorkflowHandle[object, JsonValue]


class TemporalChildren:
    """Starts, awaits and cancels the sub-workflows of one execution.

    Args:
        running: ids of those that an earlier run started, and that are waited for.
        family: how many more there may be below this execution, however deep.
        exposed: whether placeholders can be in what a child gets.
    """

    def __init__(self, start: Start, *, running: Iterable[str], family: int, exposed: bool) -> None:
        self._start = start
        self._handles: dict[str, Handle] = {}
        self._elsewhere = list(running)
        self._family = family
        self._exposed = exposed

    @property
    def running(self) -> tuple[str, ...]:
        """Ids of the sub-workflows that a task waits for."""
        return (*self._elsewhere, *self._handles)

    @property
    def family(self) -> int:
        """How many more there may be."""
        return self._family

    async def start(self, request: ChildRequest) -> None:
        """Start the child, unless it was started before.

        Raises:
            Fault: `configuration`, when there is no such document, or sub-workflows are nested too deeply.
        """
        if request.id in self._handles or request.id in self._elsewhere:
            return
        wanted = f"{request.namespace}/{request.name}:{request.version}"
        found = await self._document(request)
        if found is None:
            raise fault("configuration", f"There is no workflow {wanted}", "register it with this runner first")
        self._admit(wanted)
        share = self._family // 2
        self._family -= share
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
                cancellation_type=ChildWorkflowCancellationType.ABANDON,
                parent_close_policy=ParentClosePolicy.TERMINATE if request.awaited else ParentClosePolicy.ABANDON,
                static_summary=wanted,
                result_type=object,
            )
        except WorkflowAlreadyStartedError:
            # A run of this execution that continued as new, or lost its worker at that moment, has started it.
            if request.awaited:
                self._elsewhere.append(request.id)
            return
        if request.awaited:
            self._handles[request.id] = handle

    async def wait(self, request: ChildRequest) -> JsonValue:
        """The child's output. Whoever is cancelled while waiting may come back and wait again.

        Raises:
            Fault: the child's own, as a fault of the task that waits; `runtime` when the child was cancelled.
        """
        what = f"The sub-workflow {request.name}"
        handle = self._handles.get(request.id)
        try:
            if handle is not None:
                result: JsonValue = await handle
            else:
                result = await workflow.execute_activity(
                    CHILD_ACTIVITY,
                    request.id,
                    start_to_close_timeout=_FOR_EVER,
                    heartbeat_timeout=_HEARTBEAT,
                    summary=f"wait for {request.name}",
                )
        except (ChildWorkflowError, ActivityError) as error:
            found = fault_of(error, what)
            self._forget(request.id)
            # The place is one of the child's document; in this one, the place is the task.
            raise Fault(replace(found.error, instance="")) from error
        self._forget(request.id)
        return result

    def cancel(self, request: ChildRequest) -> None:
        """Cancel the child, if it still runs."""
        if request.id in self.running:
            self._forget(request.id)
            _cancel_soon(request.id)

    def close(self) -> None:
        """Cancel the children that nobody will wait for any more: their parent has ended."""
        for child in self.running:
            _cancel_soon(child)
        self._handles.clear()
        self._elsewhere.clear()

    def _forget(self, child: str) -> None:
        self._handles.pop(child, None)
        if child in self._elsewhere:
            self._elsewhere.remove(child)

    def _admit(self, wanted: str) -> None:
        if self._start.levels <= 0:
            detail = f"{wanted} would be one too many; does a workflow run itself?"
            raise fault("configuration", "Sub-workflows are nested too deeply", detail)
        if self._family <= 0:
            detail = f"{wanted} would be one more than there may be; does a workflow run itself?"
            raise fault("configuration", "Too many sub-workflows", detail)
        self._family -= 1

    async def _document(self, request: ChildRequest) -> str | None:
        identity: JsonObject = {"namespace": request.namespace, "name": request.name, "version": request.version}
        try:
            found: ClaimedText | None = await workflow.execute_local_activity(
                DOCUMENT_ACTIVITY,
                identity,
                start_to_close_timeout=_LOOK_SECONDS,
                result_type=cast("type", ClaimedText | None),
            )
        except ActivityError as error:
            raise fault_of(error, "The search for a document") from error
        return found.text if found is not None else None


def _cancel_soon(child: str) -> None:
    asyncio.ensure_future(_cancel(child))  # noqa: RUF006 - the workflow's loop keeps its tasks


async def _cancel(child: str) -> None:
    try:
        await workflow.get_external_workflow_handle(workflow_id(child)).cancel(reason="its parent was cancelled")
    except ApplicationError:
        # It has ended already.
        return
