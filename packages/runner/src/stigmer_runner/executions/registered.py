"""Documents that this runner knows by name: found by `run: workflow`, and started by their schedules."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from stigmer_dsl import JsonValue
from stigmer_engine import Engine, Execution, PreparedDocument
from stigmer_engine.faults import fault
from stigmer_ports.logs import get_logger

from stigmer_runner.executions.registry import ExecutionRegistry
from stigmer_runner.executions.schedule_state import ProcessSchedule, ScheduleSource
from stigmer_runner.executions.schedule_variables import ScheduleVariables, identity
from stigmer_runner.refusals import Refused

log = get_logger(__name__)

FindSchedule = Callable[[PreparedDocument], ScheduleSource | None]
"""The schedule of a document, which starts it from now on; None when nothing does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredDocument:
    """A document and, when it starts by itself, what starts it."""

    document: PreparedDocument
    schedule: ScheduleSource | None = None


class RegisteredDocuments:
    """Documents that the engine knows by name, and their schedules."""

    def __init__(self) -> None:
        self._entries: tuple[RegisteredDocument, ...] = ()

    @property
    def entries(self) -> tuple[RegisteredDocument, ...]:
        """All of them, in the order in which they were announced."""
        return self._entries

    def announce(self, documents: Iterable[PreparedDocument], schedule_of: FindSchedule) -> None:
        """Take documents that are registered, with what starts them."""
        self._entries = tuple(
            RegisteredDocument(document=document, schedule=schedule_of(document)) for document in documents
        )
        for entry in self._entries:
            log.info("document registered", document=identity(entry.document), scheduled=entry.schedule is not None)


class ProcessSchedules:
    """Schedules that this process keeps, and whose executions run in it."""

    def __init__(self, engine: Engine, executions: ExecutionRegistry, variables: ScheduleVariables) -> None:
        self._engine = engine
        self._executions = executions
        self._variables = variables
        self._started: list[ProcessSchedule] = []

    def start(self, document: PreparedDocument) -> ProcessSchedule | None:
        """Start executions of a document whenever its schedule says; None when it has none."""
        if document.workflow.schedule is None:
            return None
        given = self._variables.of(document)
        self._variables.warn_of_missing(document)

        def start(value: JsonValue) -> Execution:
            try:
                return self._executions.start_scheduled(document, value, env=given.env, secrets=given.secrets).execution
            except Refused as refused:
                raise fault("runtime", refused.message) from refused

        schedule = ProcessSchedule(self._engine.schedule(document, secrets=given.secrets, env=given.env, start=start))
        self._started.append(schedule)
        return schedule

    def stop(self) -> None:
        """Start nothing more. What runs goes on."""
        for schedule in self._started:
            schedule.stop()
