"""Support for tests of workflows: a clock that jumps, and a scripted world to call."""

from stigmer_engine.testing.scripted_runtime import Call, Reply, ScriptedRuntime
from stigmer_engine.testing.scripted_transport import ScriptedTransport
from stigmer_engine.testing.virtual_time import NothingScheduled, VirtualClockLoop, run_virtual, virtual_clock

__all__ = [
    "Call",
    "NothingScheduled",
    "Reply",
    "ScriptedRuntime",
    "ScriptedTransport",
    "VirtualClockLoop",
    "run_virtual",
    "virtual_clock",
]
