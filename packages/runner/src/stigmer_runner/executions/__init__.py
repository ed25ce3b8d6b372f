"""The executions of this process: started, found, controlled, drained; knows no wire."""

from stigmer_runner.executions.documents import Documents
from stigmer_runner.executions.registered import RegisteredDocument, RegisteredDocuments
from stigmer_runner.executions.registry import DrainReport, Executions, Sink
from stigmer_runner.executions.request import DocumentSource, ExecutionRequest
from stigmer_runner.executions.run import Run

__all__ = [
    "DocumentSource",
    "Documents",
    "DrainReport",
    "ExecutionRequest",
    "Executions",
    "RegisteredDocument",
    "RegisteredDocuments",
    "Run",
    "Sink",
]
