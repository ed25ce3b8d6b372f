"""The executions on Temporal, started and controlled from here; any runner of the namespace could do the same."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from stigmer_dsl import JsonObject
from stigmer_engine import PreparedDocument, Status
from stigmer_engine.runtimes.temporal import TemporalExecution, TemporalExecutions, UnknownExecution
from stigmer_ports.logs import get_logger
from stigmer_ports.redaction import Redactor
from temporalio.client import Client

from stigmer_runner.durable.description import TASKS_MEMO, Description, describe
from stigmer_runner.durable.execution import DurableExecution
from stigmer_runner.durable.fingerprint import MEMO, durable_fingerprint
from stigmer_runner.durable.outages import refusals
from stigmer_runner.executions.admission import differs, execution_id_of, pulled, secrets_apart, wrong_state
from stigmer_runner.executions.documents import Documents
from stigmer_runner.executions.request import DocumentSource, ExecutionRequest
from stigmer_runner.refusals import Reason, Refused

log = get_logger(__name__)


class DurableExecutions:
    """`Executions` on Temporal.

    Args:
        source: completes requests that bring only an id.
    """

    def __init__(
        self,
        client: Client,
        executions: TemporalExecutions,
        documents: Documents,
        redactor: Redactor,
        *,
        source: DocumentSource | None = None,
    ) -> None:
        self._client = client
        self._executions = executions
        self._documents = documents
        self._redactor = redactor
        self._source = source
        self._closing = asyncio.Event()

    @property
    def accepting(self) -> bool:
        """Whether new executions may start."""
        return not self._closing.is_set()

    def close(self) -> None:
        """Start nothing more from here, and send those who follow elsewhere. What runs goes on, with other runners."""
        self._closing.set()

    async def start(self, request: ExecutionRequest) -> DurableExecution:
        """See `Executions`."""
        execution_id = execution_id_of(request)
        if request.document:
            return await self._start(request, execution_id, field="workflow_yaml")
        known = await self._known(execution_id)
        if known is not None:
            return self._execution(execution_id)
        self._admit()
        completed = await pulled(self._source, request)
        return await self._start(
            completed, execution_id, field="workflow_execution_id", secrets_stay=not request.env and not request.secrets
        )

    async def start_scheduled(
        self, document: PreparedDocument, execution_id: str, *, env: Mapping[str, str], secrets: Mapping[str, str]
    ) -> DurableExecution:
        """An execution that nobody asked for but the document's schedule; started once by its id. Raises Refused."""
        request = ExecutionRequest(execution_id=execution_id, env=env, secrets=secrets)
        return await self._start_document(document, request)

    async def find(self, execution_id: str) -> DurableExecution:
        """See `Executions`."""
        with refusals(execution_id):
            await describe(self._client, execution_id)
        return self._execution(execution_id)

    async def cancel(self, execution_id: str, reason: str, *, force: bool = False) -> None:
        """See `Executions`. Without `force`, calls under way may finish for EXECUTION_CANCEL_GRACE_SECONDS."""
        await self._control(
            execution_id,
            lambda execution: execution.cancel(reason, force=force),
            wanted="cancelled",
            reached=Status.CANCELLED,
        )

    async def terminate(self, execution_id: str, reason: str) -> None:
        """See `Executions`."""
        await self._control(
            execution_id,
            lambda execution: execution.terminate(reason),
            wanted="terminated",
            reached=Status.CANCELLED,
        )

    async def pause(self, execution_id: str, reason: str) -> None:
        """See `Executions`."""
        await self._control(execution_id, lambda execution: execution.pause(reason), wanted="paused")

    async def resume(self, execution_id: str, reason: str) -> None:
        """See `Executions`."""
        await self._control(execution_id, lambda execution: execution.resume(reason), wanted="resumed")

    async def deliver(self, execution_id: str, event: JsonObject) -> None:
        """See `Executions`."""
        with refusals(execution_id):
            if not (await describe(self._client, execution_id)).ended:
                with suppress(UnknownExecution):
                    await self._executions.find(execution_id).deliver(event)

    async def _start(
        self, request: ExecutionRequest, execution_id: str, *, field: str, secrets_stay: bool = False
    ) -> DurableExecution:
        """Start it, or find it. With `secrets_stay`, values of secrets are not kept: they can be pulled again."""
        document = await self._documents.load(request.document, field=field)
        env, secrets = secrets_apart(request, (document.workflow.use and document.workflow.use.secrets) or ())
        request = replace(request, execution_id=execution_id, env=env, secrets=secrets)
        return await self._start_document(document, request, secrets_stay=secrets_stay)

    async def _start_document(
        self, document: PreparedDocument, request: ExecutionRequest, *, secrets_stay: bool = False
    ) -> DurableExecution:
        execution_id, secrets = request.execution_id, request.secrets
        fingerprint = durable_fingerprint(request, secrets)
        if secrets and not secrets_stay:
            # Before the secrets are kept: those of the execution that has the id must stay as they are.
            known = await self._known(execution_id)
            if known is not None:
                return self._same(execution_id, known, fingerprint)
        self._admit()
        self._redactor.learn(tuple(secrets.values()))
        try:
            with refusals(execution_id):
                started = await self._begin(document, request, fingerprint, secrets_stay=secrets_stay)
                if started.found:
                    return self._same(execution_id, await describe(self._client, execution_id), fingerprint)
        finally:
            self._redactor.forget(tuple(secrets.values()))
        log.info("execution started on Temporal", execution_id=execution_id, workflow_name=document.name)
        return DurableExecution(self._client, started, self._closing, new=True)

    async def _begin(
        self, document: PreparedDocument, request: ExecutionRequest, fingerprint: str, *, secrets_stay: bool
    ) -> TemporalExecution:
        return await self._executions.start(
            document,
            execution_id=request.execution_id,
            input=request.input,
            secrets={} if secrets_stay else request.secrets,
            secrets_elsewhere=tuple(request.secrets) if secrets_stay else (),
            env=request.env,
            max_timeout_seconds=request.max_timeout_seconds,
            memo={MEMO: fingerprint, TASKS_MEMO: len(document.workflow.do)},
        )

    def _same(self, execution_id: str, known: Description, fingerprint: str) -> DurableExecution:
        if known.fingerprint != fingerprint:
            raise differs(execution_id)
        return self._execution(execution_id)

    def _execution(self, execution_id: str) -> DurableExecution:
        return DurableExecution(self._client, self._executions.find(execution_id), self._closing)

    def _admit(self) -> None:
        if self._closing.is_set():
            raise Refused(Reason.SHUTTING_DOWN, "this runner is shutting down; call another one, or this one later")

    async def _known(self, execution_id: str) -> Description | None:
        try:
            with refusals(execution_id):
                return await describe(self._client, execution_id)
        except Refused as refused:
            if refused.reason is Reason.EXECUTION_NOT_FOUND:
                return None
            raise

    async def _control(
        self,
        execution_id: str,
        act: Callable[[TemporalExecution], Awaitable[None]],
        *,
        wanted: str,
        reached: Status | None = None,
    ) -> None:
        """Do it, unless the state forbids it; Temporal tells the state, so no worker has to be there."""
        with refusals(execution_id):
            description = await describe(self._client, execution_id)
            if not description.ended:
                try:
                    await act(self._executions.find(execution_id))
                except UnknownExecution:
                    # It ended in between.
                    description = await describe(self._client, execution_id)
                else:
                    return
        if description.status is not reached:
            raise wrong_state(execution_id, description.status, wanted)
