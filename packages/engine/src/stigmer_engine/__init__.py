"""Interpreter of Open Workflow DSL 1.0 documents, and its runtimes."""

from stigmer_engine.calls.address_policy import AddressPolicy
from stigmer_engine.calls.config import CallsConfig, GrpcConfig, HttpConfig, ResourceConfig
from stigmer_engine.engine import Engine, EngineConfig
from stigmer_engine.event_log import EventLog
from stigmer_engine.events import EventError, EventType, ProgressEvent, Status
from stigmer_engine.expressions import EvaluatorConfig
from stigmer_engine.faults import Fault, WorkflowError
from stigmer_engine.ids import new_execution_id
from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.interpreter.run import Limits
from stigmer_engine.runtimes.asyncio import Execution, Result, WrongState
from stigmer_engine.snapshot import Snapshot, TaskSnapshot, reduce

__all__ = [
    "AddressPolicy", "CallsConfig", "Engine", "EngineConfig", "EvaluatorConfig", "EventError", "EventLog",
    "EventType", "Execution", "Fault", "GrpcConfig", "HttpConfig", "Limits", "PreparedDocument", "ProgressEvent",
    "ResourceConfig", "Result", "Snapshot", "Status", "TaskSnapshot", "WorkflowError", "WrongState",
    "new_execution_id", "reduce",
]  # fmt: skip
