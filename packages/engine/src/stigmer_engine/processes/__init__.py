"""Processes of `run: shell` and `run: script`, kept under supervision."""

from stigmer_engine.processes.caller import Processes
from stigmer_engine.processes.config import ProcessConfig, ProcessLimits
from stigmer_engine.processes.refusals import refused_process

__all__ = ["ProcessConfig", "ProcessLimits", "Processes", "refused_process"]
