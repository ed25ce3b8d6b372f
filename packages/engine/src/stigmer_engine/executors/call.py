"""`call`: a protocol by name, or a function."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from stigmer_dsl.models import CallTask, TaskBase

from stigmer_engine.executors.activity_call import run_activity_call
from stigmer_engine.executors.agent_call import run_agent_call
from stigmer_engine.executors.function_call import run_function
from stigmer_engine.executors.grpc_call import run_grpc_call
from stigmer_engine.executors.http_call import run_http_call
from stigmer_engine.executors.openapi_call import run_openapi_call
from stigmer_engine.faults import fault
from stigmer_engine.frames import TaskFrame
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Executor, Run
from stigmer_engine.interpreter.scope import Scope

PROTOCOL_CALLS: Final[Mapping[str, Executor]] = MappingProxyType(
    {
        "activity": run_activity_call,
        "agent": run_agent_call,
        "grpc": run_grpc_call,
        "http": run_http_call,
        "openapi": run_openapi_call,
    }
)
"""The built-in calls that this engine performs; an activity only where the runtime can, an agent only where there
is a Stigmer service."""

REFUSED_CALLS: Final = frozenset({"a2a", "asyncapi", "mcp"})
"""Calls with a meaning of their own that this engine does not perform: never taken for a function's name."""


async def run_call(run: Run, task: TaskBase, frame: TaskFrame, scope: Scope) -> Outcome:
    """Output: what the call gives."""
    assert isinstance(task, CallTask)
    protocol = PROTOCOL_CALLS.get(task.call)
    if protocol is not None:
        return await protocol(run, task, frame, scope)
    if task.call in REFUSED_CALLS:
        raise fault("configuration", f"call: {task.call} is not supported by this runner")
    return await run_function(run, task, frame, scope)
