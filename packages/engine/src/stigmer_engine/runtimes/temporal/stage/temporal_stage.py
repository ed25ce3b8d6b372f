"""Performs cases on a Temporal server, many at a time."""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from stigmer_dsl import InvalidDocument
from temporalio.client import Client, WorkflowHistory, WorkflowQueryFailedError
from temporalio.worker import Worker

from stigmer_engine.calls.config import HttpConfig
from stigmer_engine.cases.mocked_agents import MockedAgents
from stigmer_engine.cases.model.fixed_duration import seconds_of
from stigmer_engine.cases.observation import Observation
from stigmer_engine.cases.reading import PlannedCase
from stigmer_engine.cases.stage import load_located
from stigmer_engine.engine import Engine, EngineConfig
from stigmer_engine.events import ProgressEvent
from stigmer_engine.expressions import Evaluator, EvaluatorConfig, LibjqChecker
from stigmer_engine.ids import new_execution_id
from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.processes import ProcessConfig
from stigmer_engine.runtimes.temporal.executions import StartConfig, TemporalExecution, TemporalExecutions
from stigmer_engine.runtimes.temporal.payloads import PayloadsConfig, data_converter, secret_store
from stigmer_engine.runtimes.temporal.replay import HistoryReplay
from stigmer_engine.runtimes.temporal.rules import Rules
from stigmer_engine.runtimes.temporal.stage.calling_tasks import CallingTasks
from stigmer_engine.runtimes.temporal.stage.deferred_world import DeferredWorld, virtual_now
from stigmer_engine.runtimes.temporal.stage.director import TemporalDirector
from stigmer_engine.runtimes.temporal.stage.own_time import OwnTime
from stigmer_engine.runtimes.temporal.stage.performance import Audience, Performance, Performances
from stigmer_engine.runtimes.temporal.stage.routed_calls import foreign_activity
from stigmer_engine.runtimes.temporal.stage.routed_engine import RoutedEngine
from stigmer_engine.runtimes.temporal.stage.virtual_time import MakeTime
from stigmer_engine.runtimes.temporal.worker import TemporalWorker, WorkerConfig, prepare_outside, workflow_services
from stigmer_engine.snapshot import Snapshot

_DEADLOCK: Final = "TMPRL1101"
_PROCESSES: Final = ProcessConfig(allow_shell=True, allow_script=True, node="node")


@dataclass(frozen=True, slots=True, kw_only=True)
class StageConfig:
    """How a stage works.

    Attributes:
        folder: for payloads and secrets.
        queue: of the executions.
        foreign_queues: further queues on which documents of the cases have activities.
        cached: executions kept in memory; with 0 each is replayed from its beginning at each of its steps.
        claim_check: whether large payloads leave history; without it a history stands alone.
        rules: of every execution.
        reports: whether every execution delivers its events; those do in any case whose case waits for one.
    """

    folder: Path
    queue: str = "stigmer-cases"
    foreign_queues: tuple[str, ...] = ()
    cached: int = 1000
    claim_check: bool = True
    rules: Rules = field(default_factory=Rules)
    reports: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Performed:
    """A case as it went.

    Attributes:
        delivered: the events that the worker delivered.
        histories: of the execution, run by run.
    """

    observation: Observation
    delivered: tuple[ProgressEvent, ...] = ()
    histories: tuple[WorkflowHistory, ...] = ()


class TemporalStage:
    """Performs cases. Use it as an asynchronous context manager.

    Args:
        address: of a server, as `host:port`.
        time: of each execution, as the server has it.
    """

    def __init__(self, address: str, config: StageConfig, *, time: MakeTime = OwnTime) -> None:
        self._address = address
        self._make_time = time
        self._config = config
        self._performances = Performances()
        self._exits = contextlib.AsyncExitStack()
        self._payloads = PayloadsConfig(place=config.folder, claim_check=config.claim_check)
        self._secrets = secret_store(self._payloads)

    async def __aenter__(self) -> Self:
        config, exits = self._config, self._exits
        evaluation = EvaluatorConfig(patience_seconds=None)
        self._evaluator = Evaluator(evaluation)
        exits.callback(self._evaluator.close)
        self._checker = LibjqChecker(evaluation)
        exits.callback(self._checker.close)
        engine = await exits.enter_async_context(
            RoutedEngine(
                EngineConfig(evaluator=evaluation, activities=True, agents=MockedAgents(), processes=_PROCESSES),
                self._performances,
                evaluator=self._evaluator,
                checker=self._checker,
            )
        )
        self._services = services = workflow_services(engine)
        exits.callback(services.close)
        self._converter = data_converter(self._payloads, on_text=prepare_outside(services))
        self._client = await Client.connect(
            self._address, data_converter=self._converter, interceptors=[CallingTasks()]
        )
        foreign = foreign_activity(self._performances, config.queue)
        await exits.enter_async_context(
            TemporalWorker(
                self._client,
                engine,
                services,
                WorkerConfig(queue=config.queue, max_cached=config.cached),
                secrets=self._secrets,
                receiver=Audience(self._performances),
                activities=[foreign],
            )
        )
        for queue in config.foreign_queues:
            await exits.enter_async_context(Worker(self._client, task_queue=queue, activities=[foreign]))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exits.aclose()

    async def perform(self, planned: PlannedCase) -> Performed:
        """Run the case, however long it takes in virtual time."""
        case = planned.case
        world = DeferredWorld(planned.mocks)
        config = EngineConfig(
            http=HttpConfig(transport=world),
            clock=virtual_now,
            activities=True,
            agents=MockedAgents(),
            processes=_PROCESSES,
        )
        async with Engine(config, evaluator=self._evaluator, checker=self._checker) as engine:
            try:
                for document in planned.documents:
                    engine.documents.register(load_located(engine, document))
                workflow = load_located(engine, planned.workflow)
            except InvalidDocument as invalid:
                return Performed(observation=Observation(status="invalid", problems=invalid.problems))
            until = None if case.until is None else seconds_of(case.until)
            performance = Performance(world=world, engine=engine, director=TemporalDirector(case.during, until))
            execution = new_execution_id()
            self._performances.add(execution, performance)
            try:
                return await self._run(planned, workflow, performance, execution)
            finally:
                self._performances.remove(execution)

    async def replay(self, histories: Iterable[WorkflowHistory]) -> dict[str, str]:
        """What of these histories, which were made here, does not replay: the failure, by run id."""
        with HistoryReplay(self._services, self._converter) as replay:
            return await replay.check(histories)

    async def _run(
        self, planned: PlannedCase, workflow: PreparedDocument, performance: Performance, execution_id: str
    ) -> Performed:
        case, config = planned.case, self._config
        time = self._make_time(self._client, free=not performance.director.times)
        starting = StartConfig(
            queue=config.queue, reports=config.reports or performance.director.watches, rules=config.rules
        )
        execution = await TemporalExecutions(time.client, starting, vault=self._secrets).start(
            workflow,
            execution_id=execution_id,
            input=case.input,
            secrets=case.secrets,
            env=case.env,
            max_timeout_seconds=seconds_of(case.limit),
        )
        performance.listen(execution)
        await time.attach(execution.workflow_id)
        ended = await performance.director.direct(execution, time)
        result = await execution.wait() if ended else None
        snapshot = await _snapshot(execution)
        events = await _events(execution, snapshot.sequence_number)
        if not ended:
            await execution.terminate("its case is over")
        histories = await self._histories(execution.workflow_id)
        real = _real_seconds(histories)
        began = events[0].timestamp_ms / 1000
        world = performance.world
        return Performed(
            observation=Observation(
                status=str(result.status if result is not None else snapshot.status),
                output=result.output if result is not None else None,
                error=result.error if result is not None else None,
                events=events,
                calls=tuple([replace(call, at=call.at - began) for call in world.calls]),
                emitted=tuple(world.emitted),
                seconds=events[-1].timestamp_ms / 1000 - began,
                precision=real + 0.001,
                unmocked=tuple(world.unmocked),
            ),
            delivered=tuple(performance.events.get(execution_id, ())),
            histories=histories,
        )

    async def _histories(self, workflow_id: str) -> tuple[WorkflowHistory, ...]:
        """The histories of all runs of an execution, the first one first."""
        found: list[WorkflowHistory] = []
        run: str | None = None
        while True:
            history = await self._client.get_workflow_handle(workflow_id, run_id=run).fetch_history()
            found.append(history)
            run = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
            if not run:
                return tuple(reversed(found))


async def _snapshot(execution: TemporalExecution) -> Snapshot:
    """Its state. On a busy machine Temporal takes work for a deadlock: it repeats tasks after that, but no queries."""
    while True:
        try:
            return await execution.snapshot()
        except WorkflowQueryFailedError as error:
            if _DEADLOCK not in str(error):
                raise


async def _events(execution: TemporalExecution, last: int) -> tuple[ProgressEvent, ...]:
    events: list[ProgressEvent] = []
    async for event in execution.follow():
        events.append(event)
        if event.sequence_number >= last:
            break
    return tuple(events)


def _real_seconds(histories: Sequence[WorkflowHistory]) -> float:
    """How much of the time of an execution was real."""
    every = [event for history in histories for event in history.events]
    seconds = every[-1].event_time.ToMicroseconds() - every[0].event_time.ToMicroseconds()
    for event in every:
        jump = event.workflow_execution_time_skipping_transitioned_event_attributes
        if jump.HasField("target_time"):
            seconds -= jump.target_time.ToMicroseconds() - event.event_time.ToMicroseconds()
    return seconds / 1e6
