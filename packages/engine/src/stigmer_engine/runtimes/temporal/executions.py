"""Executions on Temporal, seen by whoever starts, follows and controls them."""

import secrets as random_source
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

from stigmer_dsl.json_types import JsonObject, JsonValue
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle, WorkflowQueryFailedError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import CancelledError as TemporalCancelledError
from temporalio.exceptions import TerminatedError, WorkflowAlreadyStartedError
from temporalio.service import RPCError

from stigmer_engine.events import ProgressEvent, Status
from stigmer_engine.execution import Result
from stigmer_engine.faults import fault
from stigmer_engine.ids import new_execution_id
from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.json_text import well_formed
from stigmer_engine.runtimes.temporal.attribute_registry import NamespaceAttributes
from stigmer_engine.runtimes.temporal.definition import definition_text
from stigmer_engine.runtimes.temporal.details import static_details
from stigmer_engine.runtimes.temporal.faults import error_of
from stigmer_engine.runtimes.temporal.following import UnknownExecution, follow, known
from stigmer_engine.runtimes.temporal.indexing import index_of
from stigmer_engine.runtimes.temporal.names import (
    CANCEL_SIGNAL,
    CONTEXT_QUERY,
    DEFAULT_QUEUE,
    EVENT_SIGNAL,
    PAUSE_SIGNAL,
    RESUME_SIGNAL,
    SNAPSHOT_QUERY,
    WORKFLOW_TYPE,
    workflow_id,
)
from stigmer_engine.runtimes.temporal.payloads import ClaimedText, SecretStore
from stigmer_engine.runtimes.temporal.rules import Rules
from stigmer_engine.runtimes.temporal.start import Beginning, LifecycleRules, Start
from stigmer_engine.runtimes.temporal.telling_run import has_ended, telling_run
from stigmer_engine.runtimes.temporal.terminating import terminate_children
from stigmer_engine.snapshot import Snapshot
from stigmer_engine.snapshot_json import snapshot_from_json

_SEARCHES_ELSEWHERE: Final = 10
_OWN_CANCELLATION_SECONDS: Final = 10.0
_FOR_EVER_SECONDS: Final = 1000 * 365 * 86_400
"""As long as a duration of the DSL may be; Temporal has no timers for much more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartConfig:
    """What all executions that are started here have in common.

    Attributes:
        queue: of their worker.
        reports: whether their worker delivers their events.
        lifecycle: how their lifecycle events look; None when their worker is not to deliver any.
        max_child_depth, max_children: as in `EngineConfig`.
    """

    queue: str = DEFAULT_QUEUE
    reports: bool = False
    lifecycle: LifecycleRules | None = None
    max_child_depth: int = 16
    max_children: int = 10_000
    rules: Rules = field(default_factory=Rules)


class TemporalExecution:
    """One execution; knowing its id is enough. Every call asks Temporal.

    `found` tells that it was there already when it was to be started.
    """

    def __init__(self, client: Client, execution_id: str, *, found: bool = False) -> None:
        self._client = client
        self.id = execution_id
        self.found = found

    @property
    def workflow_id(self) -> str:
        """Its id in Temporal."""
        return workflow_id(self.id)

    @property
    def _handle(self) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(self.workflow_id)

    async def wait(self) -> Result:
        """The result.

        Raises:
            UnknownExecution: there is no such execution.
        """
        try:
            return Result(status=Status.COMPLETED, output=await self._handle.result())
        except WorkflowFailureError as failure:
            return _failed(failure.cause)
        except RPCError as error:
            raise known(error, self.id) from error

    async def snapshot(self) -> Snapshot:
        """Its state now; of an execution that was ended before it had a turn, nothing but its id.

        Raises:
            UnknownExecution: there is no such execution.
            RPCError, WorkflowQueryFailedError: no worker can tell now.
        """
        try:
            return snapshot_from_json(await self._query(SNAPSHOT_QUERY))
        except (RPCError, WorkflowQueryFailedError):
            if not await has_ended(self._handle_of):
                raise
            run = await telling_run(self._handle_of)
            if run is None:
                return Snapshot(execution_id=self.id)
            if run == (await self._handle.describe()).run_id:
                raise
        return snapshot_from_json(await self._handle_of(run).query(SNAPSHOT_QUERY))

    async def context(self) -> JsonValue:
        """`$context` as it is now. Raises UnknownExecution."""
        shown: JsonValue = await self._query(CONTEXT_QUERY)
        return shown

    async def pause(self, reason: str = "") -> None:
        """Stop it at the next boundary. Raises UnknownExecution when it has ended."""
        await self._signal(PAUSE_SIGNAL, reason)

    async def resume(self, reason: str = "") -> None:
        """Let it go on. Raises UnknownExecution when it has ended."""
        await self._signal(RESUME_SIGNAL, reason)

    async def deliver(self, event: JsonObject) -> None:
        """Hand in a CloudEvent. Raises UnknownExecution when it has ended."""
        await self._signal(EVENT_SIGNAL, event)

    async def cancel(self, reason: str = "", *, force: bool = False) -> None:
        """Let calls under way finish for a while, and end it; with `force`, at once. Raises UnknownExecution."""
        try:
            await self._handle.cancel(reason=reason)
        except RPCError as error:
            raise known(error, self.id) from error
        if force:
            # With no call under way it may have ended by now.
            with suppress(UnknownExecution):
                await self._signal(CANCEL_SIGNAL, reason)

    async def terminate(self, reason: str = "") -> None:
        """End it without giving it a turn, and the sub-workflows that it waits for. Raises UnknownExecution."""
        try:
            await self._handle.terminate(reason=reason)
        except RPCError as error:
            raise known(error, self.id) from error
        await terminate_children(self._client, self.workflow_id, reason)

    async def follow(self, after: int = 0) -> AsyncIterator[ProgressEvent]:
        """Every event with a sequence number above `after`, past and future; ends after the last one.

        An execution that was terminated has no last event: the iteration ends when there is nothing more.

        Raises:
            UnknownExecution: there is no such execution.
        """
        async for event in follow(self._handle_of, self.id, after):
            yield event

    def _handle_of(self, run_id: str | None) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(self.workflow_id, run_id=run_id)

    async def _query(self, query: str) -> Any:
        try:
            return await self._handle.query(query)
        except RPCError as error:
            raise known(error, self.id) from error

    async def _signal(self, signal: str, argument: JsonValue) -> None:
        try:
            await self._handle.signal(signal, argument)
        except RPCError as error:
            raise known(error, self.id) from error


class TemporalExecutions:
    """Starts executions and finds them again.

    Args:
        vault: keeps the values of their secrets until they end; None where there are none.
    """

    def __init__(self, client: Client, config: StartConfig | None = None, *, vault: SecretStore | None = None) -> None:
        self._client = client
        self._config = config or StartConfig()
        self._vault = vault
        self._attributes = NamespaceAttributes(client)

    def find(self, execution_id: str) -> TemporalExecution:
        """The execution of an id; whether there is one, shows when it is asked something."""
        return TemporalExecution(self._client, execution_id)

    async def start(
        self,
        document: PreparedDocument,
        *,
        execution_id: str | None = None,
        input: JsonValue = None,  # noqa: A002 - the field's own name
        secrets: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        max_timeout_seconds: float = 0,
        secrets_elsewhere: Collection[str] = (),
        memo: Mapping[str, JsonValue] | None = None,
    ) -> TemporalExecution:
        """Start an execution, or find the one that has the id.

        Args:
            document: checked and ready; the execution stays with it, whatever is registered later.
            execution_id, input, secrets, env, max_timeout_seconds: as in `Engine.start`.
            secrets_elsewhere: names of secrets that its worker's `SecretSource` finds without the vault.
            memo: what Temporal shows of it beside its history.

        Raises:
            Fault: the document sets a search attribute that the namespace does not have, or cannot set so.
            RPCError: Temporal did not take it.
        """
        index = index_of(document, await self._attributes.known())
        execution_id = execution_id or new_execution_id()
        values = dict(secrets or {})
        if values:
            assert self._vault is not None, "secrets need a place to be kept"
            await self._vault.keep(execution_id, values)
        config, head = self._config, document.workflow.document
        start = Start(
            execution_id=execution_id,
            nonce=random_source.token_hex(8),
            secrets=tuple(sorted({*values, *secrets_elsewhere})),
            secrets_of=execution_id if values or secrets_elsewhere else "",
            env=dict(env or {}),
            levels=config.max_child_depth,
            family=config.max_children,
            whole_family=config.max_children,
            reports=config.reports,
            lifecycle=config.lifecycle,
            attributes=index.usable,
            rules=replace(
                config.rules,
                plain=True,
                keeps_cancellations=True,
                hears_out=True,
                searches_elsewhere=config.rules.searches_elsewhere or _SEARCHES_ELSEWHERE,
                own_cancellation_seconds=config.rules.own_cancellation_seconds or _OWN_CANCELLATION_SECONDS,
            ),
        )
        beginning = Beginning(
            input=None if input is None else well_formed(input),
            max_timeout_seconds=max_timeout_seconds if max_timeout_seconds < _FOR_EVER_SECONDS else 0,
        )
        try:
            await self._client.start_workflow(
                WORKFLOW_TYPE,
                args=[ClaimedText(definition_text(document)), start.to_json(), beginning.to_json()],
                id=workflow_id(execution_id),
                task_queue=config.queue,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                memo={**index.memo, **(memo or {})},
                static_summary=f"{head.namespace}/{head.name}:{head.version}",
                static_details=static_details(document),
                search_attributes=index.search_attributes,
            )
        except WorkflowAlreadyStartedError:
            # One that has ended already is found too.
            return TemporalExecution(self._client, execution_id, found=True)
        return self.find(execution_id)


def _failed(cause: BaseException) -> Result:
    if isinstance(cause, TemporalCancelledError):
        return Result(status=Status.CANCELLED)
    if isinstance(cause, TerminatedError):
        return Result(status=Status.CANCELLED, error=fault("runtime", "The execution was terminated").error)
    carried = error_of(cause)
    return Result(
        status=Status.FAILED,
        error=carried or fault("runtime", "The execution failed on Temporal", str(cause)).error,
    )
