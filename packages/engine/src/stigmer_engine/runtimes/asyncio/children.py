"""Sub-workflows of an execution: executions of their own in the same engine."""

from collections.abc import Callable
from dataclasses import replace

from stigmer_dsl.json_types import JsonValue

from stigmer_engine.documents import DocumentRegistry
from stigmer_engine.events import Status
from stigmer_engine.execution import Execution
from stigmer_engine.faults import Fault, fault
from stigmer_engine.interpreter.port import UNKNOWN_WORKFLOW, ChildRequest
from stigmer_engine.interpreter.prepared import PreparedDocument

StartChild = Callable[[PreparedDocument, ChildRequest], Execution]


class Family:
    """All sub-workflows below one execution, however deep: the steps of each are bounded, and so must be their number.

    Args:
        most: how many there may be in all.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._started = 0

    def admit(self, wanted: str) -> None:
        """Count one more. Raises Fault `configuration` when there are too many."""
        if self._started >= self._most:
            detail = f"{wanted} would be one more than {self._most}; does a workflow run itself?"
            raise fault("configuration", "Too many sub-workflows", detail)
        self._started += 1


class Children:
    """Starts, awaits and cancels the sub-workflows of one execution.

    Args:
        levels: how many levels of sub-workflows there may still be below this execution.
        family: counts them with those of its parents and children.
    """

    def __init__(self, documents: DocumentRegistry, start: StartChild, *, levels: int, family: Family) -> None:
        self._documents = documents
        self._start = start
        self._levels = levels
        self._family = family
        self._running: dict[str, Execution] = {}

    def start(self, request: ChildRequest) -> None:
        """Start the child, unless it was started before.

        Raises:
            Fault: `configuration`, when nobody registered the document, or sub-workflows are nested too deeply.
        """
        if request.id in self._running:
            return
        wanted = f"{request.namespace}/{request.name}:{request.version}"
        document = self._documents.find(request.namespace, request.name, request.version)
        if document is None:
            raise fault("configuration", f"There is no workflow {wanted}", UNKNOWN_WORKFLOW)
        if self._levels <= 0:
            detail = f"{wanted} would be one too many; does a workflow run itself?"
            raise fault("configuration", "Sub-workflows are nested too deeply", detail)
        self._family.admit(wanted)
        child = self._start(document, request)
        if request.awaited:
            self._running[request.id] = child

    async def wait(self, request: ChildRequest) -> JsonValue:
        """The child's output. Whoever is cancelled while waiting may come back and wait again.

        Raises:
            Fault: the child's own, as a fault of the task that waits; `runtime` when the child was cancelled.
        """
        result = await self._running[request.id].wait_inside()
        # Nobody asks again: the task gets its output, or fails, in this very step.
        del self._running[request.id]
        if result.status is Status.COMPLETED:
            return result.output
        if result.error is not None:
            # The place is one of the child's document; in this one, the place is the task.
            raise Fault(replace(result.error, instance=""))
        raise fault("runtime", f"The sub-workflow {request.name} was cancelled", request.id)

    def cancel(self, request: ChildRequest) -> None:
        """Cancel the child, if it still runs."""
        _cancel(self._running.pop(request.id, None))

    def close(self) -> None:
        """Cancel the children that nobody will wait for any more: their parent has ended."""
        while self._running:
            _cancel(self._running.popitem()[1])


def _cancel(child: Execution | None) -> None:
    # Not by `done`: a child that has told its end may need a turn of the loop until its task is done.
    if child is not None and not child.log.closed:
        child.cancel("its parent was cancelled")
