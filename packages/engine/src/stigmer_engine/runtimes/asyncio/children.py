"""Sub-workflows of an execution: executions of their own in the same engine."""

from collections.abc import Callable

from stigmer_dsl.json_types import JsonValue

from stigmer_engine.documents import DocumentRegistry
from stigmer_engine.events import Status
from stigmer_engine.faults import Fault, fault
from stigmer_engine.interpreter.port import ChildRequest
from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.runtimes.asyncio.execution import Execution

StartChild = Callable[[PreparedDocument, ChildRequest], Execution]


class Children:
    """Starts, awaits and cancels the sub-workflows of one execution."""

    def __init__(self, documents: DocumentRegistry, start: StartChild) -> None:
        self._documents = documents
        self._start = start
        self._running: dict[str, Execution] = {}

    def start(self, request: ChildRequest) -> None:
        """Start the child, unless it was started before.

        Raises:
            Fault: `configuration`, when nobody registered the document.
        """
        if request.id in self._running:
            return
        document = self._documents.find(request.namespace, request.name, request.version)
        if document is None:
            wanted = f"{request.namespace}/{request.name}:{request.version}"
            raise fault("configuration", f"There is no workflow {wanted}", "register it with this runner first")
        self._running[request.id] = self._start(document, request)

    async def wait(self, request: ChildRequest) -> JsonValue:
        """The child's output.

        Raises:
            Fault: the child's own; `runtime` when it was cancelled.
        """
        result = await self._running[request.id].wait()
        if result.status is Status.COMPLETED:
            return result.output
        if result.error is not None:
            raise Fault(result.error)
        raise fault("runtime", f"The sub-workflow {request.name} was cancelled", request.id)

    def cancel(self, request: ChildRequest) -> None:
        """Cancel the child, if it still runs."""
        child = self._running.get(request.id)
        if child is not None and not child.done:
            child.cancel("its parent was cancelled")
