"""Support for tests of workflows: a clock that jumps, and a scripted world to call."""

from stigmer_engine.testing.scripted_runtime import Call, Reply, ScriptedRuntime
from stigmer_engine.testing.scripted_transport import ScriptedTransport
from stigmer_engine.testing.virtual_engine import HEADER, DocumentRun, run_document, virtual_config
from stigmer_engine.testing.virtual_time import NothingScheduled, VirtualClockLoop, run_virtual, virtual_clock

__all__ = [
    "HEADER",
    "Call",
    "DocumentRun",
    "NothingScheduled",
    "Reply",
    "ScriptedRuntime",
    "ScriptedTransport",
    "VirtualClockLoop",
    "run_document",
    "run_virtual",
    "virtual_clock",
    "virtual_config",
]
