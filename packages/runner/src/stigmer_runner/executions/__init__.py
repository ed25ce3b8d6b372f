"""The executions: started, found, controlled, drained; knows no wire. `port.py` is what the ports need of them."""

from stigmer_runner.executions.documents import Documents
from stigmer_runner.executions.port import Executions, ExecutionState, KnownExecution
from stigmer_runner.executions.registered import ProcessSchedules, RegisteredDocument, RegisteredDocuments
from stigmer_runner.executions.registry import DrainReport, ExecutionRegistry, Sink
from stigmer_runner.executions.request import DocumentSource, ExecutionRequest
from stigmer_runner.executions.run import Run

__all__ = [
    "DocumentSource",
    "Documents",
    "DrainReport",
    "ExecutionRegistry",
    "ExecutionRequest",
    "ExecutionState",
    "Executions",
    "KnownExecution",
    "ProcessSchedules",
    "RegisteredDocument",
    "RegisteredDocuments",
    "Run",
    "Sink",
]
