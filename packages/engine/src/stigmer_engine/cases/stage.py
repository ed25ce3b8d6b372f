"""The in-process runtime as a performer of cases: a real engine on a clock that jumps."""

import asyncio
from types import TracebackType
from typing import Self

from stigmer_dsl import InvalidDocument

from stigmer_engine.calls.config import HttpConfig
from stigmer_engine.cases.director import Director
from stigmer_engine.cases.mocked_agents import MockedAgents
from stigmer_engine.cases.model.fixed_duration import seconds_of
from stigmer_engine.cases.observation import Observation, ObservedStart
from stigmer_engine.cases.reading import DocumentText, PlannedCase
from stigmer_engine.cases.world import MockedWorld
from stigmer_engine.engine import Engine, EngineConfig
from stigmer_engine.events import EventType
from stigmer_engine.execution import Execution
from stigmer_engine.expressions import Evaluator, EvaluatorConfig, LibjqChecker
from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.processes import ProcessConfig
from stigmer_engine.testing.virtual_time import run_virtual, virtual_clock

_LONGEST = 366 * 86_400.0
_SCHEDULED = 86_400.0


class AsyncioStage:
    """Performs cases one after the other. Use it as a context manager: it keeps child processes for expressions.

    Args:
        drained: freeze the run after every event, and go on from the serialised tree each time.
    """

    def __init__(self, *, drained: bool = False) -> None:
        # Without patience an evaluation takes no virtual time.
        self._evaluation = EvaluatorConfig(patience_seconds=None)
        self._evaluator = Evaluator(self._evaluation)
        self._checker = LibjqChecker(self._evaluation)
        self._drained = drained

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._checker.close()
        self._evaluator.close()

    def perform(self, planned: PlannedCase) -> Observation:
        """Run the case on virtual time, however long it takes there."""
        return run_virtual(self._perform(planned))

    async def _perform(self, planned: PlannedCase) -> Observation:
        began = virtual_clock()
        world = MockedWorld(planned.mocks, lambda: virtual_clock() - began)
        config = EngineConfig(
            evaluator=self._evaluation,
            http=HttpConfig(transport=world),
            clock=virtual_clock,
            interceptor=world.intercept,
            activities=True,
            agents=MockedAgents(),
            # None of them is started here: their calls are mocked, or fail.
            processes=ProcessConfig(allow_shell=True, allow_script=True, node="node"),
            on_start=_drain_always if self._drained else _leave_alone,
        )
        async with Engine(config, evaluator=self._evaluator, checker=self._checker) as running:
            try:
                for document in planned.documents:
                    running.documents.register(load_located(running, document))
                workflow = load_located(running, planned.workflow)
            except InvalidDocument as invalid:
                return Observation(status="invalid", problems=invalid.problems)
            if planned.case.expect.starts is not None:
                return await _schedule(running, workflow, planned, world)
            return await _run(running, workflow, planned, world)


async def _run(engine: Engine, workflow: PreparedDocument, planned: PlannedCase, world: MockedWorld) -> Observation:
    case = planned.case
    began = virtual_clock()
    execution = engine.start(
        workflow,
        input=case.input,
        secrets=case.secrets,
        env=case.env,
        max_timeout_seconds=seconds_of(case.limit),
    )
    director = Director(engine.bus, execution, case.during)
    output, error = None, None
    try:
        async with asyncio.timeout(_LONGEST if case.until is None else seconds_of(case.until)):
            result = await execution.wait()
        output, error = result.output, result.error
    except TimeoutError:
        pass
    finally:
        director.close()
    return Observation(
        status=str(execution.status),
        output=output,
        error=error,
        events=execution.log.events,
        calls=tuple(world.calls),
        emitted=tuple(world.emitted),
        seconds=virtual_clock() - began,
        unmocked=tuple(world.unmocked),
    )


async def _schedule(
    engine: Engine, workflow: PreparedDocument, planned: PlannedCase, world: MockedWorld
) -> Observation:
    case = planned.case
    began = virtual_clock()
    started: list[tuple[float, Execution]] = []
    schedule = engine.schedule(
        workflow,
        input=case.input,
        secrets=case.secrets,
        env=case.env,
        max_timeout_seconds=seconds_of(case.limit),
        on_start=lambda execution: started.append((virtual_clock() - began, execution)),
    )
    director = Director(engine.bus, None, case.during)
    await asyncio.sleep(_SCHEDULED if case.until is None else seconds_of(case.until))
    director.close()
    schedule.stop()
    return Observation(
        status="running",
        calls=tuple(world.calls),
        emitted=tuple(world.emitted),
        seconds=virtual_clock() - began,
        starts=tuple([_started(at, execution) for at, execution in started]),
        unmocked=tuple(world.unmocked),
    )


def _started(at: float, execution: Execution) -> ObservedStart:
    outputs = [event.payload for event in execution.log.events if event.event_type is EventType.WORKFLOW_COMPLETED]
    output = (outputs[-1] or {}).get("output") if outputs else None
    return ObservedStart(at=at, input=execution.input, status=str(execution.status), output=output)


def load_located(engine: Engine, document: DocumentText) -> PreparedDocument:
    """Load a document of a case. Raises InvalidDocument with places in the case file."""
    try:
        return engine.load(document.text, document.source)
    except InvalidDocument as invalid:
        raise InvalidDocument(map(document.locate, invalid.problems)) from None


def _drain_always(execution: Execution) -> None:
    execution.log.listen(lambda _event: execution.reenter())


def _leave_alone(_execution: Execution) -> None:
    pass
