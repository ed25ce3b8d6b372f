"""What workflow code uses of its process: expressions are evaluated, and documents are kept ready.

Temporal gives no way to hand objects to a workflow, so a worker announces them under its task queue. Nothing in here
may decide what a workflow does: evaluation is a function of its arguments, and a document of its text.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from stigmer_engine.expressions import Evaluator, EvaluatorConfig
from stigmer_engine.interpreter.prepared import PreparedDocument

_DOCUMENTS_KEPT: Final = 1000

Load = Callable[[str], PreparedDocument]


class PreparedDocuments:
    """Documents ready to run, by their text. Shared by threads.

    Args:
        load: makes one; blocks, and raises InvalidDocument.
    """

    def __init__(self, load: Load) -> None:
        self._load = load
        self._turn = threading.Lock()
        self._known: OrderedDict[bytes, PreparedDocument] = OrderedDict()

    def get(self, text: str) -> PreparedDocument:
        """The document. Raises InvalidDocument."""
        key = hashlib.sha256(text.encode(errors="surrogatepass")).digest()
        with self._turn:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
                return found
        prepared = self._load(text)
        with self._turn:
            self._known[key] = prepared
            if len(self._known) > _DOCUMENTS_KEPT:
                self._known.popitem(last=False)
        return prepared


class WorkflowServices:
    """The services of one worker. Close them when it has stopped."""

    def __init__(self, load: Load, evaluator: EvaluatorConfig) -> None:
        self.documents = PreparedDocuments(load)
        self._config = evaluator
        self._local = threading.local()
        self._turn = threading.Lock()
        self._evaluators: list[Evaluator] = []

    def evaluator(self) -> Evaluator:
        """An evaluator for this thread: it blocks and never yields, as a workflow must not wait for the outside."""
        evaluator: Evaluator | None = getattr(self._local, "evaluator", None)
        if evaluator is None:
            config = EvaluatorConfig(
                budget_seconds=self._config.budget_seconds,
                memory_bytes=self._config.memory_bytes,
                processes=1,
                patience_seconds=None,
            )
            evaluator = self._local.evaluator = Evaluator(config)
            with self._turn:
                self._evaluators.append(evaluator)
        return evaluator

    def close(self) -> None:
        """End the child processes."""
        with self._turn:
            for evaluator in self._evaluators:
                evaluator.close()


_announced: dict[str, list[WorkflowServices]] = {}


def announce(queue: str, services: WorkflowServices) -> None:
    """Let the workflows of a task queue use these services."""
    _announced.setdefault(queue, []).append(services)


def withdraw(queue: str, services: WorkflowServices) -> None:
    """Take one `announce` back; there may be several workers of a queue in a process."""
    _announced[queue].remove(services)


def services_of(queue: str) -> WorkflowServices:
    """What the worker of a task queue announced."""
    services = _announced.get(queue)
    if not services:
        raise RuntimeError(f"no worker of this process serves the task queue {queue!r}")
    return services[-1]
