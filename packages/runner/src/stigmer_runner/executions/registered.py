"""Documents that this runner knows by name: found by `run: workflow`, and started by their schedules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stigmer_dsl import JsonValue
from stigmer_engine import Engine, Execution, PreparedDocument
from stigmer_engine.faults import fault
from stigmer_engine.schedule import Schedule

from stigmer_runner.executions.registry import ExecutionRegistry
from stigmer_runner.logs import get_logger
from stigmer_runner.refusals import Refused

log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredDocument:
    """A document and, when it starts by itself, what starts it."""

    document: PreparedDocument
    schedule: Schedule | None = None


class RegisteredDocuments:
    """Documents that the engine knows by name, and their schedules.

    `executions` start by schedules; None where no schedule does.

    A variable that one of the documents declares in `use.secrets` goes to the documents that declare it, and to them as
    a secret; every other variable goes to all.
    """

    def __init__(self, engine: Engine, executions: ExecutionRegistry | None, *, environment: Mapping[str, str]) -> None:
        self._engine = engine
        self._executions = executions
        self._environment = environment
        self._entries: tuple[RegisteredDocument, ...] = ()

    @property
    def entries(self) -> tuple[RegisteredDocument, ...]:
        """All of them, in the order in which they were announced."""
        return self._entries

    def announce(self, documents: Iterable[PreparedDocument], *, schedules: bool) -> None:
        """Take documents that are registered; with `schedules`, those that have one start by themselves from now on."""
        known = tuple(documents)
        secret_names = frozenset(name for document in known for name in _declared(document))
        self._entries = tuple(
            RegisteredDocument(
                document=document, schedule=self._schedule(document, secret_names) if schedules else None
            )
            for document in known
        )
        for entry in self._entries:
            log.info("document registered", document=_identity(entry.document), scheduled=entry.schedule is not None)

    def stop_schedules(self) -> None:
        """Start nothing more. What runs goes on."""
        for entry in self._entries:
            if entry.schedule is not None:
                entry.schedule.stop()

    def _schedule(self, document: PreparedDocument, secret_names: frozenset[str]) -> Schedule | None:
        if document.workflow.schedule is None:
            return None
        declared = _declared(document)
        secrets = {name: value for name, value in self._environment.items() if name in declared}
        env = {name: value for name, value in self._environment.items() if name not in secret_names}
        for name in declared:
            if name not in secrets:
                log.warning(
                    "a scheduled document declares a secret that SCHEDULE_ENV_FILE does not give",
                    document=_identity(document),
                    variable=name,
                )

        executions = self._executions
        assert executions is not None, "schedules need executions in this process"

        def start(value: JsonValue) -> Execution:
            try:
                return executions.start_scheduled(document, value, env=env, secrets=secrets).execution
            except Refused as refused:
                raise fault("runtime", refused.message) from refused

        return self._engine.schedule(document, secrets=secrets, env=env, start=start)


def _declared(document: PreparedDocument) -> tuple[str, ...]:
    return tuple((document.workflow.use and document.workflow.use.secrets) or ())


def _identity(document: PreparedDocument) -> str:
    head = document.workflow.document
    return f"{head.namespace}/{head.name}:{head.version}"
