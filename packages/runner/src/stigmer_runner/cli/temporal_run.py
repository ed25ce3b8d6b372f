"""A run on Temporal: `--runtime temporal`."""

import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from typing import Final
from urllib.parse import quote

from stigmer_engine import Engine, PreparedDocument, ProgressEvent, Result
from stigmer_engine.bus import EventBus, EventPublisher
from stigmer_engine.faults import Fault
from stigmer_engine.ids import new_execution_id
from stigmer_engine.runtimes.temporal import (
    LifecycleRules,
    Rules,
    StartConfig,
    TemporalBus,
    TemporalExecution,
    TemporalExecutions,
    TemporalWorker,
    UnknownExecution,
    WorkerConfig,
    prepare_outside,
    workflow_services,
)
from stigmer_engine.runtimes.temporal.payloads import PayloadProblem, data_converter, secret_store
from stigmer_engine.runtimes.temporal.workflow_services import WorkflowServices
from temporalio.client import Client
from temporalio.service import RPCError

from stigmer_runner.agent_calls.open import open_agents
from stigmer_runner.cli.event_feed import feeding, running_family
from stigmer_runner.cli.event_lines import STDERR
from stigmer_runner.cli.exit_codes import UsageFailure
from stigmer_runner.cli.process_run import load_documents
from stigmer_runner.cli.running import RunOptions
from stigmer_runner.cli.temporal_options import TemporalOptions
from stigmer_runner.cli.temporal_place import TemporalPlace, open_place
from stigmer_runner.durable.lifecycle import lifecycle_receiver
from stigmer_runner.engine_config import open_engine

_LAST_EVENTS_SECONDS: Final = 30.0
# What still runs when the workflow has ended is nobody's any more.
_WORKER_GRACE: Final = timedelta(seconds=1)


class TemporalRun:
    """An execution on Temporal."""

    def __init__(self, execution: TemporalExecution, *, grace_seconds: float) -> None:
        self._execution = execution
        self._grace_seconds = grace_seconds
        self._ended = asyncio.create_task(execution.wait())
        self._asking: set[asyncio.Task[None]] = set()

    async def follow(self) -> AsyncIterator[ProgressEvent]:
        """See StartedRun. An execution that fails outside its document has no last event, but it ends."""
        events = aiter(self._execution.follow())
        while (event := await self._next(events)) is not None:
            yield event

    async def _next(self, events: AsyncIterator[ProgressEvent]) -> ProgressEvent | None:
        coming = asyncio.ensure_future(anext(events, None))
        try:
            await asyncio.wait({coming, self._ended}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                await asyncio.wait({coming}, timeout=_LAST_EVENTS_SECONDS)
            return coming.result() if coming.done() else None
        finally:
            coming.cancel()

    async def wait(self) -> Result:
        """See StartedRun."""
        return await asyncio.shield(self._ended)

    def stop(self, reason: str, times: int) -> str | None:
        """See StartedRun. First calls under way may finish, then they may not."""
        if times > 2 or self._ended.done():
            return None
        self._ask(reason, force=times > 1)
        if times > 1:
            return "interrupting its calls; once more ends the wait for it."
        return (
            f"cancelling the workflow; calls under way have {self._grace_seconds:.0f} seconds to finish. "
            "Once more interrupts them."
        )

    async def close(self) -> None:
        """Stop waiting."""
        for task in (self._ended, *self._asking):
            task.cancel()
        await asyncio.gather(self._ended, *self._asking, return_exceptions=True)

    def _ask(self, reason: str, *, force: bool) -> None:
        async def ask() -> None:
            try:
                await self._execution.cancel(reason, force=force)
            except UnknownExecution:
                # It has ended meanwhile.
                return
            except RPCError as error:
                print(f"Temporal did not take the cancellation: {error.message}.", file=sys.stderr)

        asking = asyncio.create_task(ask())
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)


@asynccontextmanager
async def start_on_temporal(options: RunOptions, temporal: TemporalOptions) -> AsyncIterator[TemporalRun]:
    """The workflow, started on Temporal, with a worker for it in this process unless another one is to do it.

    Raises:
        InvalidDocument, ConfigError: see `load_documents` and `open_place`.
        UsageFailure: see `open_place`; and when Temporal cannot be reached, did not take the workflow, or was lost.
    """
    async with AsyncExitStack() as stack:
        bus = _Bus()
        agents = await stack.enter_async_context(open_agents(options.settings.stigmer_service))
        engine = await stack.enter_async_context(
            open_engine(options.settings, activities=True, agents=agents, bus_of=bus.make)
        )
        document = await load_documents(engine, options)
        place = await stack.enter_async_context(open_place(temporal))
        services = workflow_services(engine)
        stack.callback(services.close)
        client = await _connect(place, services)
        await stack.enter_async_context(bus.connected(client))
        vault = secret_store(place.payloads)
        execution_id = new_execution_id()
        queue = temporal.queue or f"stigmer-run-{execution_id}"
        config = _start_config(engine, queue)
        if temporal.queue is None:
            await stack.enter_async_context(
                TemporalWorker(
                    client,
                    engine,
                    services,
                    WorkerConfig(queue=queue, grace=_WORKER_GRACE),
                    secrets=vault,
                    lifecycle=lifecycle_receiver(engine.config.lifecycle),
                )
            )
        executions = TemporalExecutions(client, config, vault=vault)
        execution = await _wanted(_start(executions, document, options, execution_id))
        if temporal.queue is None:
            stack.push_async_callback(vault.forget, execution.id)
            stack.push_async_callback(_end_all, client, execution)
        await stack.enter_async_context(feeding(client, execution, options.incoming))
        run = TemporalRun(execution, grace_seconds=config.rules.cancel_grace_seconds)
        stack.push_async_callback(run.close)
        if options.events_file != STDERR:
            _tell(execution, place)
        try:
            yield run
        except RPCError as error:
            raise UsageFailure(f"Temporal at {place.address} does not answer any more: {error.message}.") from None


class _Bus:
    """The engine's bus: it is there before the client that it needs."""

    def __init__(self) -> None:
        self._bus = TemporalBus()

    def make(self, outside: EventPublisher | None) -> EventBus:
        self._bus = TemporalBus(sink=outside)
        return self._bus

    @asynccontextmanager
    async def connected(self, client: Client) -> AsyncIterator[None]:
        async with self._bus:
            self._bus.connect(client)
            yield


async def _connect(place: TemporalPlace, services: WorkflowServices) -> Client:
    converter = data_converter(place.payloads, on_text=prepare_outside(services))
    try:
        return await Client.connect(**place.connection, data_converter=converter)
    except (RuntimeError, ValueError) as error:
        raise UsageFailure(f"Temporal at {place.address} cannot be reached: {error}.") from None


def _start_config(engine: Engine, queue: str) -> StartConfig:
    config = engine.config
    return StartConfig(
        queue=queue,
        max_child_depth=config.max_child_depth,
        max_children=config.max_children,
        lifecycle=LifecycleRules.of(config.lifecycle),
        rules=Rules(limits=config.limits),
    )


async def _start(
    executions: TemporalExecutions, document: PreparedDocument, options: RunOptions, execution_id: str
) -> TemporalExecution:
    try:
        return await executions.start(
            document, execution_id=execution_id, input=options.input, env=options.env, secrets=options.secrets
        )
    except Fault as problem:
        raise UsageFailure(f"The workflow cannot run there: {problem.error.detail or problem.error.title}.") from None
    except PayloadProblem as problem:
        raise UsageFailure(str(problem)) from None
    except RPCError as error:
        raise UsageFailure(f"Temporal did not take the workflow: {error.message}.") from None


async def _wanted(starting: Coroutine[None, None, TemporalExecution]) -> TemporalExecution:
    """The execution that is being started. Whoever stops waiting for it leaves none behind on Temporal."""
    start = asyncio.ensure_future(starting)
    try:
        return await asyncio.shield(start)
    except asyncio.CancelledError:
        with suppress(UsageFailure, UnknownExecution, RPCError):
            await (await start).terminate("nobody waits for it any more")
        raise


async def _end_all(client: Client, root: TemporalExecution) -> None:
    """End what still runs: its task queue will have no worker, and nobody waits for it, as in one process."""
    with suppress(RPCError):
        async for shown in client.list_workflows(running_family(root.workflow_id)):
            with suppress(RPCError):
                await client.get_workflow_handle(shown.id).terminate(reason="the run that it belonged to has ended")


def _tell(execution: TemporalExecution, place: TemporalPlace) -> None:
    print(f"Workflow {execution.workflow_id} on Temporal at {place.address}", file=sys.stderr)
    if place.ui_url is not None:
        workflow = quote(execution.workflow_id, safe="")
        print(f"{place.ui_url}/namespaces/{place.namespace}/workflows/{workflow}", file=sys.stderr)
