"""The variables of executions that schedules start: who gets which, and which are secrets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from stigmer_engine import PreparedDocument
from stigmer_ports.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenVariables:
    """What the executions of one document get."""

    env: Mapping[str, str] = field(repr=False)
    secrets: Mapping[str, str] = field(repr=False)


class ScheduleVariables:
    """Shares the variables of SCHEDULE_ENV_FILE out.

    A variable that one of the documents declares in `use.secrets` goes to the documents that declare it, and to them as
    a secret; every other variable goes to all.
    """

    def __init__(self, environment: Mapping[str, str], documents: Iterable[PreparedDocument]) -> None:
        self._environment = environment
        self._secret_names = frozenset(name for document in documents for name in _declared(document))

    def of(self, document: PreparedDocument) -> GivenVariables:
        """What a document's executions get."""
        declared = _declared(document)
        return GivenVariables(
            env={name: value for name, value in self._environment.items() if name not in self._secret_names},
            secrets={name: value for name, value in self._environment.items() if name in declared},
        )

    def warn_of_missing(self, document: PreparedDocument) -> None:
        """Log each secret that a document declares and nobody gives."""
        for name in _declared(document):
            if name not in self._environment:
                log.warning(
                    "a scheduled document declares a secret that SCHEDULE_ENV_FILE does not give",
                    document=identity(document),
                    variable=name,
                )


def identity(document: PreparedDocument) -> str:
    """`namespace/name:version`."""
    head = document.workflow.document
    return f"{head.namespace}/{head.name}:{head.version}"


def _declared(document: PreparedDocument) -> tuple[str, ...]:
    return tuple((document.workflow.use and document.workflow.use.secrets) or ())
