"""The in-process runtime: executions on the event loop of this process."""

from stigmer_engine.execution import Execution, Result, WrongState

__all__ = ["Execution", "Result", "WrongState"]
