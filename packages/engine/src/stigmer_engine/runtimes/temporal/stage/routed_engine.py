"""The engine of a worker that performs many cases."""

from collections.abc import Mapping

from stigmer_engine.calls.caller import Caller
from stigmer_engine.documents import LATEST, DocumentRegistry
from stigmer_engine.engine import Engine, EngineConfig
from stigmer_engine.expressions import Evaluator, LibjqChecker
from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.runtimes.temporal.stage.performance import Performances
from stigmer_engine.runtimes.temporal.stage.routed_calls import routed_callers


class RoutedEngine(Engine):
    """Its callers and documents are those of the case whose activity asks."""

    def __init__(
        self, config: EngineConfig, performances: Performances, *, evaluator: Evaluator, checker: LibjqChecker
    ) -> None:
        super().__init__(config, evaluator=evaluator, checker=checker)
        self._routes = routed_callers(performances)
        self.documents = _RoutedDocuments(performances)

    @property
    def callers(self) -> Mapping[str, Caller]:
        """Who performs the calls, by kind."""
        return self._routes


class _RoutedDocuments(DocumentRegistry):
    def __init__(self, performances: Performances) -> None:
        super().__init__()
        self._performances = performances

    def find(self, namespace: str, name: str, version: str = LATEST) -> PreparedDocument | None:
        """The document of the case that asks."""
        return self._performances.current().engine.documents.find(namespace, name, version)
